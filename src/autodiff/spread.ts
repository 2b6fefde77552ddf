/** Cotangents of reductions: one number handed back to everything that went into it. */
import type { Float, Numeric } from "../ir/dtype.ts";
import { axesOf, isStatic, type Shape, staticShape } from "../ir/shape.ts";
import { scalar } from "../ir/tensor.ts";
import { constant, type Value } from "../ir/value.ts";
import { add, cast, div, equal, expand, mul, reduceSum, unsqueeze } from "../ops/index.ts";

/** A zero that broadcasts to `dy`; with a shape, zeros of that shape. */
export function zerosLike(dy: Value<Float>, shape?: Shape): Value<Float> {
  const zero = constant(scalar(dy.dtype, 0));
  return shape === undefined ? zero : expand(zero, staticShape("grad", shape));
}

/** The reduced axes put back with size 1. */
function restored<D extends Numeric>(
  y: Value<D>,
  rank: number,
  axes: readonly number[],
  keepdims: 0 | 1,
): Value<D> {
  return keepdims || axes.length === 0 ? y : unsqueeze(y, axesOf("grad", axes, rank));
}

/** The adjoint of a sum of `x` over `axes`. */
export function spread(
  dy: Value<Float>,
  x: Value<Numeric>,
  axes: readonly number[],
  keepdims: 0 | 1,
): Value<Float> {
  const { shape } = x;
  const each = restored(dy, shape.length, axes, keepdims);
  if (isStatic(shape)) return expand(each, shape);
  // What has as many rows as `x` has, whatever their number, is made of `x`.
  return add(mul(cast(x, dy.dtype), 0), each);
}

/** The adjoint of a mean of `x` over `axes`. */
export function spreadMean(
  dy: Value<Float>,
  x: Value<Numeric>,
  axes: readonly number[],
  keepdims: 0 | 1,
): Value<Float> {
  const meant = axesOf("grad", axes, x.shape.length).map((axis) => x.shape[axis]!);
  const count = staticShape("grad of a mean", meant).reduce((product, size) => product * size, 1);
  return spread(mul(dy, 1 / count), x, axes, keepdims);
}

/** The adjoint of a largest or smallest element: elements that tie share alike. */
export function shareOfEqual(
  dy: Value<Float>,
  x: Value<Numeric>,
  y: Value<Numeric>,
  axes: readonly number[],
  keepdims: 0 | 1,
): Value<Float> {
  const rank = x.shape.length;
  const chosen = cast(equal(x, restored(y, rank, axes, keepdims)), dy.dtype);
  const share = div(chosen, reduceSum(chosen, axes, { keepDims: true }));
  return mul(share, restored(dy, rank, axes, keepdims));
}
