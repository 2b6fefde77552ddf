/** Operators that move elements without changing them. */
import type { DType, Float } from "../ir/dtype.ts";
import { axisOf, type Shape } from "../ir/shape.ts";
import type { Value } from "../ir/value.ts";
import { applyOne } from "./apply.ts";

/** The same elements under another shape: 0 keeps a dimension, one −1 takes what is left. */
export function reshape<D extends DType>(x: Value<D>, shape: readonly number[]): Value<D> {
  return applyOne("Reshape", [x], { shape }) as Value<D>;
}

/** Axes in the order of `perm`; without it, reversed. */
export function transpose<D extends DType>(
  x: Value<D>,
  perm: readonly number[] = x.shape.map((_, i) => x.shape.length - 1 - i),
): Value<D> {
  return applyOne("Transpose", [x], { perm }) as Value<D>;
}

/** One after the other along `axis`. */
export function concat<D extends DType>(values: readonly Value<D>[], axis: number): Value<D> {
  return applyOne("Concat", values, { axis }) as Value<D>;
}

/** Positions `start` to `end` − 1 of one axis, every `step`; negative positions count from the end. */
export function slice<D extends DType>(
  x: Value<D>,
  axis: number,
  start: number,
  end: number,
  step = 1,
): Value<D> {
  return applyOne("Slice", [x], { starts: [start], ends: [end], axes: [axis], steps: [step] }) as Value<D>;
}

/** `x` broadcast to `shape`. */
export function expand<D extends DType>(x: Value<D>, shape: readonly number[]): Value<D> {
  return applyOne("Expand", [x], { shape }) as Value<D>;
}

/** Zeros around `x`: how many before each axis, then how many after each; a negative count crops. */
export function pad<D extends Float>(x: Value<D>, pads: readonly number[]): Value<D> {
  return applyOne("Pad", [x], { pads }) as Value<D>;
}

/** Without these axes, each of size 1. */
export function squeeze<D extends DType>(x: Value<D>, axes: readonly number[]): Value<D> {
  return applyOne("Squeeze", [x], { axes }) as Value<D>;
}

/** With axes of size 1 at these positions of the result. */
export function unsqueeze<D extends DType>(x: Value<D>, axes: readonly number[]): Value<D> {
  return applyOne("Unsqueeze", [x], { axes }) as Value<D>;
}

/** Two axes exchanged; the last two unless told otherwise. */
export function swapAxes<D extends DType>(x: Value<D>, a = -2, b = -1): Value<D> {
  const rank = x.shape.length;
  const [from, to] = [axisOf("swapAxes", a, rank), axisOf("swapAxes", b, rank)];
  const perm = x.shape.map((_, i) => (i === from ? to : i === to ? from : i));
  return transpose(x, perm);
}

/** The dimensions as a Reshape target: a name becomes −1, and there can be one at most. */
export function reshapeTarget(shape: Shape): number[] {
  return shape.map((dim) => (typeof dim === "number" ? dim : -1));
}
