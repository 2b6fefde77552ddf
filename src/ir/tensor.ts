/** Tensors on the host: a dtype, a shape, and the elements in row-major order. */
import { type ArrayOf, arrayOf, type DType, emptyArray } from "./dtype.ts";
import { fail } from "./error.ts";

export interface Tensor<D extends DType = DType> {
  readonly dtype: D;
  readonly shape: readonly number[];
  readonly data: ArrayOf[D];
}

/** Tensors by name: a model's weights, a trainer's state, the feeds and results of a session. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** A tensor over `data` (not copied). Throws where the shape does not hold exactly as many elements. */
export function tensor<D extends DType>(dtype: D, shape: readonly number[], data: ArrayOf[D]): Tensor<D> {
  if (data.length !== sizeOf(shape)) {
    fail("tensor", `shape [${shape}] holds ${sizeOf(shape)} elements, the array has ${data.length}`);
  }
  return { dtype, shape, data };
}

/** A tensor filled with one value. */
export function filled<D extends DType>(dtype: D, shape: readonly number[], value: number): Tensor<D> {
  if (value === 0) return { dtype, shape, data: emptyArray(dtype, sizeOf(shape)) };
  return {
    dtype,
    shape,
    data: arrayOf(
      dtype,
      Array.from({ length: sizeOf(shape) }, () => value),
    ),
  };
}

/** A tensor of shape `[]`. */
export function scalar<D extends DType>(dtype: D, value: number): Tensor<D> {
  return { dtype, shape: [], data: arrayOf(dtype, [value]) };
}

/** The number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, dim) => size * dim, 1);
}
