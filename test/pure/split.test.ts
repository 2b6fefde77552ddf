import { describe, expect, test } from "vitest";
import { divide } from "../../src/data/split.ts";

describe("divide", () => {
  test("takes shares of the whole, training images first", () => {
    expect(divide(100, { validation: 0.1, test: 0.1 }, "d")).toEqual({
      train: { start: 0, end: 80 },
      validation: { start: 80, end: 90 },
      test: { start: 90, end: 100 },
    });
  });

  test("takes numbers of images, and nothing for a split found elsewhere", () => {
    expect(divide(60000, { validation: 6000, test: 0 }, "d")).toEqual({
      train: { start: 0, end: 54000 },
      validation: { start: 54000, end: 60000 },
      test: { start: 60000, end: 60000 },
    });
  });

  test("gives each split at least one image", () => {
    expect(divide(3, { validation: 0.1, test: 0.1 }, "d").train).toEqual({ start: 0, end: 1 });
    expect(() => divide(2, { validation: 0.1, test: 0.1 }, "d")).toThrow(
      "d: 2 images are too few: 1 validation and 1 test images leave none to train on",
    );
    expect(() => divide(10, { validation: 10, test: 0 }, "d")).toThrow(
      "d: 10 images are too few: 10 validation images leave none to train on",
    );
  });
});
