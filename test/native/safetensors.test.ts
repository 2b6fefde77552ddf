import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readSafetensors, type SafeTensors, writeSafetensors } from "../../runtime/safetensors.ts";
import { arrayFromBytes, byteWidth, type DType } from "../../src/ir/dtype.ts";
import { IsthmusError } from "../../src/ir/error.ts";
import { sizeOf, type Tensor, tensor } from "../../src/ir/tensor.ts";

// What is drawn is the same each time; change the seed to look for more.
fc.configureGlobal({ seed: 4 });

const dtypes: readonly DType[] = ["float32", "float64", "int8", "uint8", "int32", "int64", "bool"];

/** Tensors of any dtype, shape and bits. */
const anyTensor: fc.Arbitrary<Tensor> = fc
  .tuple(fc.constantFrom(...dtypes), fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }))
  .chain(([dtype, shape]) => {
    const length = sizeOf(shape) * byteWidth(dtype);
    return fc
      .uint8Array({ minLength: length, maxLength: length })
      .map((bytes): Tensor => ({ dtype, shape, data: arrayFromBytes(dtype, bytes) }));
  });

const anyFile: fc.Arbitrary<SafeTensors> = fc.record({
  tensors: fc.dictionary(
    fc.string({ minLength: 1 }).filter((name) => name !== "__metadata__"),
    anyTensor,
    { maxKeys: 5, noNullPrototype: true },
  ),
  metadata: fc.dictionary(fc.string(), fc.string(), { maxKeys: 3, noNullPrototype: true }),
});

const bytesOf = ({ data }: Tensor) => Buffer.from(data.buffer, data.byteOffset, data.byteLength);

const example: SafeTensors = {
  tensors: {
    "encoder.mean.weight": tensor("float32", [2, 3], Float32Array.of(1, 2, 3, 4, 5, 6)),
    step: tensor("float32", [], Float32Array.of(7)),
    odd: tensor("uint8", [3], Uint8Array.of(1, 2, 3)),
    large: tensor("float64", [2], Float64Array.of(1e300, -0)),
  },
  metadata: { format: "pt" },
};

/** Reads a file; what it throws must be one line of ours. */
function readOrRefuse(bytes: Uint8Array): SafeTensors | string {
  try {
    return readSafetensors(bytes, "file");
  } catch (error) {
    expect(error).toBeInstanceOf(IsthmusError);
    expect((error as Error).message).toMatch(/^file: not a safetensors file, or a damaged one: .+$/);
    return (error as Error).message;
  }
}

/** The bytes of a file with this header. */
function fileOf(header: unknown, content: Uint8Array = new Uint8Array(0)): Uint8Array {
  const json = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, content]);
}

describe("safetensors", () => {
  test("is, byte for byte, what the format's description says", () => {
    const bytes = writeSafetensors(example);
    const start = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(start % 8).toBe(0);
    const header: unknown = JSON.parse(Buffer.from(bytes.subarray(8, start)).toString());
    expect(header).toEqual({
      __metadata__: { format: "pt" },
      "encoder.mean.weight": { dtype: "F32", shape: [2, 3], data_offsets: [0, 24] },
      step: { dtype: "F32", shape: [], data_offsets: [24, 28] },
      odd: { dtype: "U8", shape: [3], data_offsets: [28, 31] },
      large: { dtype: "F64", shape: [2], data_offsets: [31, 47] },
    });
    const view = new DataView(bytes.buffer, start);
    expect([0, 4, 8, 12, 16, 20, 24].map((at) => view.getFloat32(at, true))).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect([28, 29, 30].map((at) => view.getUint8(at))).toEqual([1, 2, 3]);
    expect([31, 39].map((at) => view.getFloat64(at, true))).toEqual([1e300, -0]);
    expect(bytes.length).toBe(start + 47);
  });

  test("comes back bit for bit, whatever the dtypes, shapes and names, and gives the same bytes again", () => {
    fc.assert(
      fc.property(anyFile, (file) => {
        const bytes = writeSafetensors(file);
        const read = readSafetensors(bytes, "file");
        expect(read.metadata).toEqual(file.metadata);
        expect(Object.keys(read.tensors)).toEqual(Object.keys(file.tensors));
        for (const [name, value] of Object.entries(file.tensors)) {
          expect(read.tensors[name]).toMatchObject({ dtype: value.dtype, shape: value.shape });
          expect(bytesOf(read.tensors[name]!).equals(bytesOf(value))).toBe(true);
        }
        expect(Buffer.from(writeSafetensors(read)).equals(bytes)).toBe(true);
      }),
      { examples: [[{ tensors: { ["__proto__"]: tensor("int8", [1], Int8Array.of(7)) }, metadata: {} }]] },
    );
  });

  test("is read from a part of a larger buffer, wherever it begins", () => {
    const bytes = writeSafetensors(example);
    for (let offset = 0; offset < 8; offset++) {
      const shifted = new Uint8Array(offset + bytes.length);
      shifted.set(bytes, offset);
      expect(readSafetensors(shifted.subarray(offset), "file")).toEqual(example);
    }
  });

  test("cut short anywhere, is refused", () => {
    const bytes = writeSafetensors(example);
    for (let length = 0; length < bytes.length; length++) {
      expect(readOrRefuse(bytes.subarray(0, length))).toBeTypeOf("string");
    }
    expect(readOrRefuse(Buffer.concat([bytes, Buffer.alloc(1)]))).toContain(
      "its tensors have 47 bytes, and 48 follow its header",
    );
  });

  test("with any bit flipped, is read or refused in one line", () => {
    const bytes = writeSafetensors(example);
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      readOrRefuse(bytes.with(bit >> 3, bytes[bit >> 3]! ^ (1 << (bit & 7))));
    }
  });

  test("random bytes and random headers are read or refused in one line", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => void readOrRefuse(bytes)));
    fc.assert(fc.property(fc.json(), fc.uint8Array(), (json, rest) => void readOrRefuse(fileOf(json, rest))));
    const size = fc.oneof(
      fc.integer({ min: -2, max: 9 }),
      fc.double(),
      fc.constant("4"),
      fc.constant(2 ** 53),
    );
    const entry = fc.record(
      {
        dtype: fc.constantFrom("F32", "U8", "F16", 3, null),
        shape: fc.oneof(fc.array(size), fc.constant(null)),
        data_offsets: fc.oneof(fc.array(size), fc.constant("0,4")),
      },
      { requiredKeys: [] },
    );
    const header = fc.dictionary(
      fc.constantFrom("a", "b", "__proto__", "__metadata__"),
      fc.oneof(entry, fc.jsonValue()),
    );
    fc.assert(
      fc.property(header, fc.uint8Array({ maxLength: 40 }), (value, content) => {
        readOrRefuse(fileOf(value, content));
      }),
      { numRuns: 1000 },
    );
  });

  test.each<[string, Uint8Array, string]>([
    ["seven bytes", new Uint8Array(7), "it is shorter than its header's length"],
    ["a header longer than the file", fileOf("{}").fill(1, 0, 2), "its header of 257 bytes does not fit"],
    ["a header that is no JSON", fileOf("{"), "its header is not JSON"],
    ["a header that is no object", fileOf("3"), "its header is not JSON"],
    [
      "a dtype that can't be read",
      fileOf({ a: { dtype: "BF16", shape: [], data_offsets: [0, 2] } }, new Uint8Array(2)),
      "a has the dtype BF16",
    ],
    ["no offsets", fileOf({ a: { dtype: "F32", shape: [1] } }), "a has no shape and offsets"],
    [
      "offsets outside of the file",
      fileOf({ a: { dtype: "F32", shape: [1], data_offsets: [0, 4] } }, new Uint8Array(3)),
      "a does not fit its bytes",
    ],
    [
      "offsets of another size than the shape's",
      fileOf({ a: { dtype: "F32", shape: [2], data_offsets: [0, 4] } }, new Uint8Array(8)),
      "a does not fit its bytes",
    ],
    ["metadata that are not texts", fileOf({ __metadata__: { epoch: 3 } }), "its metadata are not texts"],
    ["metadata that are null", fileOf({ __metadata__: null }), "its metadata are not texts"],
  ])("refuses %s", (_, bytes, fact) => {
    expect(readOrRefuse(bytes)).toBe(`file: not a safetensors file, or a damaged one: ${fact}`);
  });
});
