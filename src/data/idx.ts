/** The IDX format of MNIST and its relatives: a header of big-endian dimensions, then one byte a value. */
import { fail } from "../ir/error.ts";

/** An array of bytes and its shape, outermost dimension first. */
export interface Idx {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

const UINT8 = 0x08;
const otherTypes = new Map([
  [0x09, "int8"],
  [0x0b, "int16"],
  [0x0c, "int32"],
  [0x0d, "float32"],
  [0x0e, "float64"],
]);

/**
 * Reads an IDX file of bytes (http://yann.lecun.com/exdb/mnist, "The IDX file format"). `data` is a view of `bytes`.
 *
 * Throws, naming `place` (the file), where the bytes are anything but one whole uint8 array.
 */
export function parseIdx(bytes: Uint8Array, place: string): Idx {
  if (bytes.length < 4) fail(place, `is not an IDX file: it has only ${bytes.length} bytes`);
  const [zero0, zero1, type = 0, rank = 0] = bytes;
  if (zero0 !== 0 || zero1 !== 0)
    fail(place, `is not an IDX file: it begins with ${hex(bytes.subarray(0, 4))}`);
  if (type !== UINT8) {
    const name = otherTypes.get(type);
    if (name === undefined) fail(place, `is not an IDX file: it has the unknown type 0x${hex([type])}`);
    fail(place, `holds ${name} values; only uint8 can be read`);
  }
  if (rank === 0) fail(place, "is an IDX file without dimensions");

  const start = 4 + 4 * rank;
  if (bytes.length < start) {
    fail(place, `ends in its IDX header: ${bytes.length} bytes, and ${rank} dimensions take ${start}`);
  }
  const header = new DataView(bytes.buffer, bytes.byteOffset, start);
  const shape = Array.from({ length: rank }, (_, axis) => header.getUint32(4 + 4 * axis));
  let size = 1;
  for (const dimension of shape) {
    size *= dimension;
    if (size > Number.MAX_SAFE_INTEGER) fail(place, `has an IDX header of an impossible size: [${shape}]`);
  }
  const held = bytes.length - start;
  if (held !== size) {
    const damage = held < size ? "is cut short" : "is too long";
    fail(place, `${damage}: its IDX header [${shape}] promises ${size} bytes, and ${held} follow it`);
  }
  return { shape, data: bytes.subarray(start) };
}

function hex(bytes: Iterable<number>): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
