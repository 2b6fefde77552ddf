/** Reductions, and operators that choose elements by index. */
import type { DType, Float, Numeric } from "../ir/dtype.ts";
import type { Value } from "../ir/value.ts";
import { apply, applyOne } from "./apply.ts";

export interface ReduceOptions {
  /** Whether a reduced axis stays, with size 1. */
  readonly keepDims?: boolean;
}

const reduction =
  (op: "ReduceSum" | "ReduceMax" | "ReduceMin" | "ReduceMean") =>
  <D extends Numeric>(
    x: Value<D>,
    axes: readonly number[] = x.shape.map((_, i) => i),
    { keepDims = false }: ReduceOptions = {},
  ): Value<D> =>
    // ONNX takes no axes for all of them, so a reduction over none is left out.
    axes.length === 0
      ? x
      : (applyOne(op, [x as Value<Float>], { axes, keepdims: keepDims ? 1 : 0 }) as Value<D>);

/** The sum over `axes`, over all of them unless told. */
export const reduceSum = reduction("ReduceSum");
/** The largest element over `axes`, over all of them unless told. */
export const reduceMax = reduction("ReduceMax");
/** The smallest element over `axes`, over all of them unless told. */
export const reduceMin = reduction("ReduceMin");
/** The mean over `axes`, over all of them unless told. */
export const reduceMean: <D extends Float>(
  x: Value<D>,
  axes?: readonly number[],
  options?: ReduceOptions,
) => Value<D> = reduction("ReduceMean");

/** The position of the largest element along `axis`; the first of equals. */
export function argMax(
  x: Value<Numeric>,
  axis: number,
  { keepDims = false }: ReduceOptions = {},
): Value<"int64"> {
  return applyOne("ArgMax", [x], { axis, keepdims: keepDims ? 1 : 0 }) as Value<"int64">;
}

/** The `k` largest elements along `axis`, in decreasing order, and their positions. */
export function topK<D extends Numeric>(
  x: Value<D>,
  k: number,
  axis = -1,
): { values: Value<D>; indices: Value<"int64"> } {
  const [values, indices] = apply("TopK", [x], { k, axis });
  return { values: values as Value<D>, indices: indices as Value<"int64"> };
}

/** Whole slices of `x` along `axis`, at `indices`; the axis is replaced by the shape of `indices`. */
export function gather<D extends DType>(x: Value<D>, indices: Value<"int32" | "int64">, axis = 0): Value<D> {
  return applyOne("Gather", [x, indices], { axis }) as Value<D>;
}

/** One element of `x` for every element of `indices`, which gives its position along `axis`. */
export function gatherElements<D extends DType>(
  x: Value<D>,
  indices: Value<"int32" | "int64">,
  axis: number,
): Value<D> {
  return applyOne("GatherElements", [x, indices], { axis }) as Value<D>;
}

/** `x` with `updates` written (or added) at the positions that `indices` give along `axis`. */
export function scatterElements<D extends DType>(
  x: Value<D>,
  indices: Value<"int32" | "int64">,
  updates: Value<D>,
  axis: number,
  reduction: "none" | "add" = "none",
): Value<D> {
  return applyOne("ScatterElements", [x, indices, updates], { axis, reduction }) as Value<D>;
}
