/** Gradient clipping by global norm (Pascanu et al. 2013, algorithm 1). */
import type { Value } from "../ir/value.ts";
import { add, div, min, mul, reduceSum, sqrt, square } from "../ops/index.ts";

/** The gradients scaled together so that the norm of all of them is at most `norm`; as PyTorch's `clip_grad_norm_`. */
export function clipByGlobalNorm(gradients: readonly Value<"float32">[], norm: number): Value<"float32">[] {
  if (gradients.length === 0) return [];
  const total = sqrt(gradients.map((gradient) => reduceSum(square(gradient))).reduce((a, b) => add(a, b)));
  const scale = min(div(norm, add(total, 1e-6)), 1);
  return gradients.map((gradient) => mul(gradient, scale));
}
