/** Cotangents of reductions: one number handed back to everything that went into it. */
import type { Float, Numeric } from "../ir/dtype.ts";
import { axesOf, type Shape, staticShape } from "../ir/shape.ts";
import { scalar } from "../ir/tensor.ts";
import { constant, type Value } from "../ir/value.ts";
import { cast, div, equal, expand, mul, reduceSum, unsqueeze } from "../ops/index.ts";

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

/** The adjoint of a sum over `axes` of something of `shape`. */
export function spread(
  dy: Value<Float>,
  shape: Shape,
  axes: readonly number[],
  keepdims: 0 | 1,
): Value<Float> {
  return expand(restored(dy, shape.length, axes, keepdims), staticShape("grad of a reduction", shape));
}

/** The adjoint of a mean over `axes` of something of `shape`. */
export function spreadMean(
  dy: Value<Float>,
  shape: Shape,
  axes: readonly number[],
  keepdims: 0 | 1,
): Value<Float> {
  const sizes = staticShape("grad of a mean", shape);
  const count = axesOf("grad", axes, shape.length).reduce((product, axis) => product * sizes[axis]!, 1);
  return spread(mul(dy, 1 / count), shape, axes, keepdims);
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
