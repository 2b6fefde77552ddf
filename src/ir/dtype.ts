/** Element types of tensors, and the typed arrays that hold them on the host. */
import { halfOf } from "./float16.ts";

/** The array type behind each dtype: `bool` is one byte an element, 0 or 1; of `float16` there are the bits. */
export interface ArrayOf {
  readonly float16: Uint16Array;
  readonly float32: Float32Array;
  readonly float64: Float64Array;
  readonly int8: Int8Array;
  readonly uint8: Uint8Array;
  readonly int32: Int32Array;
  readonly int64: BigInt64Array;
  readonly bool: Uint8Array;
}

/** `float16` is what weights are stored as: nothing is computed in it. */
export type DType = keyof ArrayOf;
export type Float = "float32" | "float64";
export type Integer = "int8" | "uint8" | "int32" | "int64";
export type Numeric = Float | Integer;

const arrays = {
  float16: Uint16Array,
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int32: Int32Array,
  int64: BigInt64Array,
  bool: Uint8Array,
} as const;

/** A zero-filled array of `length` elements. */
export function emptyArray<D extends DType>(dtype: D, length: number): ArrayOf[D] {
  return new arrays[dtype](length) as ArrayOf[D];
}

/**
 * A copy of `values` as elements of `dtype`; integers are truncated, those of int64 cut off at its ends, `float16` is
 * rounded, `bool` is 0 or 1.
 */
export function arrayOf<D extends DType>(dtype: D, values: ArrayLike<number | bigint>): ArrayOf[D] {
  const out = emptyArray(dtype, values.length) as Float64Array | BigInt64Array;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0;
    if (out instanceof BigInt64Array) out[i] = int64Of(value);
    else if (dtype === "float16") out[i] = halfOf(Number(value));
    else out[i] = dtype === "bool" ? Number(Number(value) !== 0) : Number(value);
  }
  return out as unknown as ArrayOf[D];
}

const LARGEST = 2n ** 63n - 1n;

/** Files say "to the end" by the largest int64, which as a number is one more than that and would come back as the least. */
function int64Of(value: number | bigint): bigint {
  if (value >= 2 ** 63) return LARGEST;
  if (value <= -(2 ** 63)) return -LARGEST - 1n;
  return typeof value === "bigint" ? value : BigInt(Math.trunc(value));
}

/** A view of `bytes` (no copy where its alignment allows) as elements of `dtype`. */
export function arrayFromBytes<D extends DType>(dtype: D, bytes: Uint8Array): ArrayOf[D] {
  const width = byteWidth(dtype);
  // A copy by the constructor: `slice` of a Node Buffer would share its memory.
  const { buffer, byteOffset, byteLength } = bytes.byteOffset % width === 0 ? bytes : new Uint8Array(bytes);
  return arrayOver(dtype, buffer as ArrayBuffer, byteOffset, byteLength / width);
}

/** `length` elements of a buffer from byte `start`, which is a multiple of their width. */
export function arrayOver<D extends DType>(
  dtype: D,
  buffer: ArrayBuffer,
  start: number,
  length: number,
): ArrayOf[D] {
  return new arrays[dtype](buffer, start, length) as ArrayOf[D];
}

/** Bytes an element takes. */
export function byteWidth(dtype: DType): number {
  return arrays[dtype].BYTES_PER_ELEMENT;
}

export function isFloat(dtype: DType): dtype is Float {
  return dtype === "float32" || dtype === "float64";
}

export function isDType(name: string): name is DType {
  return Object.hasOwn(arrays, name);
}
