/** The nearest of some points: where codebooks and memories are looked up. */
import type { Value } from "../src/ir/value.ts";
import { argMax, gemm, mul, reduceSum, square, sub, transpose } from "../src/ops/index.ts";
import type { Floats } from "./model.ts";

/** For each row of `x` `[n, d]` the position of the row of `points` `[k, d]` at the least Euclidean distance: int64 `[n]`. */
export function nearestOf(x: Floats, points: Floats): Value<"int64"> {
  // ‖x − p‖² without ‖x‖², which is the same for all points.
  const norms = transpose(reduceSum(square(points), [1], { keepDims: true }));
  return argMax(sub(mul(gemm(x, points, undefined, { transB: true }), 2), norms), 1);
}
