/** Half precision: every number that there is, what lies between two of them, and the ends of the range. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arrayOf } from "../../src/ir/dtype.ts";
import { fromHalf, halfOf, LARGEST_HALF } from "../../src/ir/float16.ts";

const finite = Array.from({ length: 0x7c00 }, (_, bits) => bits);

describe("float16", () => {
  // IEEE 754-2019, table 3.5: 1 sign, 5 exponent and 10 significand bits
  test.each([
    [0, 0x0000],
    [-0, 0x8000],
    [1, 0x3c00],
    [-2, 0xc000],
    [1 / 3, 0x3555],
    [LARGEST_HALF, 0x7bff],
    [2 ** -14, 0x0400],
    [2 ** -24, 0x0001],
    [Number.POSITIVE_INFINITY, 0x7c00],
    [Number.NEGATIVE_INFINITY, 0xfc00],
  ])("%d is %d", (value, bits) => {
    expect(halfOf(value)).toBe(bits);
  });

  test("every number of either sign is itself", () => {
    for (const bits of finite) {
      expect(halfOf(fromHalf(bits))).toBe(bits);
      expect(halfOf(fromHalf(bits | 0x8000))).toBe(bits | 0x8000);
    }
  });

  test("numbers rise with their bits, the steps of each binade twice those of the one below", () => {
    for (const bits of finite.slice(1)) {
      const exponent = Math.max(1, (bits - 1) >>> 10);
      expect(fromHalf(bits) - fromHalf(bits - 1)).toBe(2 ** (exponent - 25));
    }
  });

  test("what lies between two goes to the nearer, halfway to the even one", () => {
    for (const bits of finite.slice(1)) {
      const [below, above] = [fromHalf(bits - 1), fromHalf(bits)];
      const middle = (below + above) / 2;
      const step = above - below;
      expect(halfOf(middle)).toBe(bits % 2 === 0 ? bits : bits - 1);
      expect(halfOf(middle - step / 256)).toBe(bits - 1);
      expect(halfOf(-middle - step / 256)).toBe(bits | 0x8000);
    }
  });

  test("past the largest by half a step is infinite, and nothing is not a number but NaN", () => {
    expect(halfOf(65_519)).toBe(0x7bff);
    expect(halfOf(65_520)).toBe(0x7c00);
    expect(halfOf(1e30)).toBe(0x7c00);
    expect(halfOf(1e-30)).toBe(0);
    expect(fromHalf(halfOf(Number.NaN))).toBeNaN();
    fc.assert(fc.property(fc.float({ noNaN: true }), (value) => !Number.isNaN(fromHalf(halfOf(value)))));
  });

  test("an array of it holds the bits", () => {
    expect([...arrayOf("float16", [1, 1 / 3, -2])]).toEqual([0x3c00, 0x3555, 0xc000]);
  });
});
