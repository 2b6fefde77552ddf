/** Tensors of the reference interpreter: plain numbers in row-major order, read and written by index. */
import { type DType, isFloat } from "../../../src/ir/dtype.ts";
import { fromHalf, halfOf } from "../../../src/ir/float16.ts";

/** Every element is a number: float32 and float64 in float64, integers exact to 2^53, bool 0 or 1. */
export interface HostTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

export type Index = readonly number[];

/** All indices of a shape, in row-major order; one empty index for the shape of a scalar. */
export function indices(shape: readonly number[]): Index[] {
  return shape.reduce<number[][]>(
    (prefixes, size) => prefixes.flatMap((prefix) => range(size).map((i) => [...prefix, i])),
    [[]],
  );
}

/** 0 … length − 1 */
export function range(length: number): number[] {
  return Array.from({ length }, (_, i) => i);
}

/** The position of an index in row-major order. Throws where it lies outside the shape. */
export function offset(shape: readonly number[], index: Index): number {
  if (!inside(shape, index)) throw new RangeError(`index [${index}] is outside [${shape}]`);
  return shape.reduce((position, size, axis) => position * size + index[axis]!, 0);
}

export function inside(shape: readonly number[], index: Index): boolean {
  return index.length === shape.length && index.every((i, axis) => i >= 0 && i < shape[axis]!);
}

/** The element at an index. */
export function at(x: HostTensor, index: Index): number {
  return x.data[offset(x.shape, index)]!;
}

/** The element that an index of a broadcast shape reads: axes are aligned at the end, one of size 1 repeats. */
export function broadcastAt(x: HostTensor, index: Index): number {
  const own = index.slice(index.length - x.shape.length);
  return at(
    x,
    own.map((i, axis) => (x.shape[axis] === 1 ? 0 : i)),
  );
}

/** A tensor whose elements are computed one by one from their index. */
export function generate(
  dtype: DType,
  shape: readonly number[],
  element: (index: Index) => number,
): HostTensor {
  return { dtype, shape, data: indices(shape).map(element) };
}

/** The shape that several shapes broadcast to. */
export function broadcastShape(...shapes: (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return range(rank).map((axis) => {
    const sizes = shapes.map((shape) => shape[axis - rank + shape.length] ?? 1).filter((size) => size !== 1);
    if (new Set(sizes).size > 1) throw new RangeError(`shapes do not broadcast: ${JSON.stringify(shapes)}`);
    return sizes[0] ?? 1;
  });
}

/** An axis counted from the front. */
export function axisFrom(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

/** The elements along `axis` of the line through an index. */
export function line(x: HostTensor, axis: number, index: Index): number[] {
  return range(x.shape[axis]!).map((i) => at(x, index.with(axis, i)));
}

/** A number as an element of `dtype`: float16 is rounded to, integers lose their fraction and wrap around, bool is `value ≠ 0`. */
export function element(dtype: DType, value: number): number {
  if (isFloat(dtype)) return value;
  if (dtype === "float16") return fromHalf(halfOf(value));
  return dtype === "bool" ? Number(value !== 0) : wrap(dtype, BigInt(Math.trunc(value)));
}

/** An integer of any size modulo the range of `dtype`. */
export function wrap(dtype: DType, value: bigint): number {
  const bits = { int8: 8, uint8: 8, int32: 32, int64: 64 }[dtype as "int8" | "uint8" | "int32" | "int64"];
  const wrapped = Number(dtype === "uint8" ? BigInt.asUintN(bits, value) : BigInt.asIntN(bits, value));
  if (!Number.isSafeInteger(wrapped)) throw new RangeError(`${value} is past the interpreter's 2^53`);
  return wrapped;
}
