import { expect, test } from "vitest";
import { nearest } from "../../runtime/nearest.ts";

test.each([
  ["mnits", "mnist"],
  ["MNIST", "mnist"],
  ["minst", "mnist"],
  ["digit", "digits"],
  ["didgits", "digits"],
  ["photos", undefined],
  ["", undefined],
])("nearest to %j is %j", (word, expected) => {
  expect(nearest(word, ["digits", "mnist"])).toBe(expected);
});
