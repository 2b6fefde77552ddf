import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseIdx } from "../../src/data/idx.ts";
import { IsthmusError } from "../../src/ir/error.ts";
import { counting, idxBytes } from "../support/idx.ts";

describe("parseIdx", () => {
  test("reads the shape and the values, as a view of the file's bytes", () => {
    const bytes = idxBytes([2, 3, 4], counting(24));
    const { shape, data } = parseIdx(bytes, "f");
    expect(shape).toEqual([2, 3, 4]);
    expect(data).toEqual(counting(24));
    expect(data.buffer).toBe(bytes.buffer);
  });

  test("reads bytes that are themselves a view into something longer", () => {
    const file = idxBytes([3], [7, 8, 9]);
    const longer = new Uint8Array(file.length + 10).fill(255);
    longer.set(file, 5);
    expect(parseIdx(longer.subarray(5, 5 + file.length), "f")).toEqual({
      shape: [3],
      data: Uint8Array.of(7, 8, 9),
    });
  });

  test("reads an array with no elements", () => {
    expect(parseIdx(idxBytes([0, 28, 28], []), "f").shape).toEqual([0, 28, 28]);
  });

  const withType = (type: number) => idxBytes([1], [0]).with(2, type);
  test.each([
    ["an empty file", new Uint8Array(0), "f: is not an IDX file: it has only 0 bytes"],
    ["three bytes", Uint8Array.of(0, 0, 8), "f: is not an IDX file: it has only 3 bytes"],
    [
      "another format",
      Uint8Array.of(0x89, 0x50, 0x4e, 0x47),
      "f: is not an IDX file: it begins with 89 50 4e 47",
    ],
    ["floats", withType(0x0d), "f: holds float32 values; only uint8 can be read"],
    ["no known type", withType(0x0a), "f: is not an IDX file: it has the unknown type 0x0a"],
    ["no dimensions", Uint8Array.of(0, 0, 8, 0), "f: is an IDX file without dimensions"],
    [
      "half a header",
      idxBytes([2, 3], []).subarray(0, 9),
      "f: ends in its IDX header: 9 bytes, and 2 dimensions take 12",
    ],
    [
      "a byte too few",
      idxBytes([2, 3], counting(5)),
      "f: is cut short: its IDX header [2,3] promises 6 bytes, and 5 follow it",
    ],
    [
      "a byte too many",
      idxBytes([2, 3], counting(7)),
      "f: is too long: its IDX header [2,3] promises 6 bytes, and 7 follow it",
    ],
    [
      "dimensions past 2^53",
      idxBytes([2 ** 32 - 1, 2 ** 32 - 1], [1]),
      "f: has an IDX header of an impossible size: [4294967295,4294967295]",
    ],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => parseIdx(bytes, "f")).toThrow(new IsthmusError(message));
  });

  test("any shape and values that are written are read back", () => {
    const shapes = fc.array(fc.nat(6), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(shapes, (shape) => {
        const data = counting(shape.reduce((product, dimension) => product * dimension, 1));
        expect(parseIdx(idxBytes(shape, data), "f")).toEqual({ shape, data });
      }),
    );
  });

  test("any bytes either are an array of the size their header says or fail with one line", () => {
    const damaged = fc
      .tuple(fc.uint8Array({ maxLength: 40 }), fc.boolean())
      .map(([bytes, hasMagic]) => (hasMagic ? Uint8Array.of(0, 0, 8, ...bytes) : bytes));
    fc.assert(
      fc.property(damaged, (bytes) => {
        try {
          const { shape, data } = parseIdx(bytes, "f");
          expect(data.length).toBe(shape.reduce((product, dimension) => product * dimension, 1));
        } catch (error) {
          if (!(error instanceof IsthmusError)) throw error;
          expect(error.message).toMatch(/^f: .+$/);
          expect(error.message).not.toContain("\n");
        }
      }),
      { numRuns: 5000 },
    );
  });
});
