/** What the names and folders of dropped files mean. */
import { describe, expect, test } from "vitest";
import { layoutOf } from "../../runtime/data/dropped.ts";
import { requireReadable } from "../../runtime/data/readable.ts";

describe("folders", () => {
  test("that all files lie in say nothing", () => {
    expect(layoutOf(["a/b/2.png", "a/b/1.png"])).toEqual({
      train: [
        { path: "a/b/1.png", className: null },
        { path: "a/b/2.png", className: null },
      ],
      validation: null,
      test: null,
    });
  });

  test("are classes where all files lie in some", () => {
    const classes = (paths: string[]) => layoutOf(paths).train.map(({ className }) => className);
    expect(classes(["x/cat/1.png", "x/dog/deep/2.png"])).toEqual(["cat", "dog"]);
    expect(classes(["x/cat/1.png", "x/2.png"])).toEqual([null, null]);
  });

  test("named train and test are splits, with classes of their own", () => {
    const {
      train,
      validation,
      test: tested,
    } = layoutOf(["x/train/cat/1.png", "x/train/dog/2.png", "x/test/3.png"]);
    expect(train.map(({ className }) => className)).toEqual(["cat", "dog"]);
    expect(validation).toBeNull();
    expect(tested).toEqual([{ path: "x/test/3.png", className: null }]);
  });

  test("named train alone, or test alone, are no splits", () => {
    expect(layoutOf(["train/1.png", "other/2.png"]).train.map(({ className }) => className)).toEqual([
      "other",
      "train",
    ]);
    expect(layoutOf(["test/1.png"]).test).toBeNull();
  });
});

describe("names", () => {
  test("of IDX files are found, and images are none", () => {
    expect(requireReadable(["mnist/train-images-idx3-ubyte.gz", "mnist/train-labels.idx1-ubyte"])).toEqual([
      "train-images-idx3-ubyte.gz",
      "train-labels.idx1-ubyte",
    ]);
    expect(requireReadable(["a.png", "b/c.JPEG"])).toEqual([]);
  });

  test.each([
    [[], /^dropped files: there are none/],
    [["a.png", "b.pdf"], /^b\.pdf: is neither an image nor an IDX file/],
    [["a.png", "train-images-idx3-ubyte"], /^dropped files: are IDX files and images/],
  ])("%j are refused", (paths, message) => {
    expect(() => requireReadable(paths)).toThrow(message);
  });
});
