/** Adam (Kingma & Ba 2015) and AdamW (Loshchilov & Hutter 2019). */
import { add, div, mul, sqrt, square, sub, tanh } from "../ops/index.ts";
import type { Moment, Optimizer } from "./optimizer.ts";

export interface AdamOptions {
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  /** Decoupled: the parameter shrinks by learning rate · weightDecay, and no moment sees it (AdamW). */
  readonly weightDecay?: number;
}

/**
 * Adam with moments that are sums and not means, `M ← β₁M + g` and `V ← β₂V + g²`: their factors (1 − β) and the bias
 * corrections go into the step size and ε, which are scalars, so that each parameter needs fewer passes over memory.
 * The means of the paper are `m = (1 − β₁)M` and `v = (1 − β₂)V`; the steps are the paper's.
 */
export function adam({
  beta1 = 0.9,
  beta2 = 0.999,
  epsilon = 1e-8,
  weightDecay = 0,
}: AdamOptions = {}): Optimizer<"first_moment" | "second_moment"> {
  return {
    slots: ["first_moment", "second_moment"],
    at: ({ learningRate, step }) => {
      const first = div(1 - beta1, unspent(beta1, step));
      const second = sqrt(div(1 - beta2, unspent(beta2, step)));
      const rate = div(mul(learningRate, first), second);
      const floor = div(epsilon, second);
      return (parameter, gradient, { first_moment, second_moment }) => {
        const m = add(mul(first_moment, beta1), gradient);
        const v = add(mul(second_moment, beta2), square(gradient));
        const kept = weightDecay === 0 ? parameter : mul(parameter, sub(1, mul(learningRate, weightDecay)));
        const next = sub(kept, mul(div(m, add(sqrt(v), floor)), rate));
        return { parameter: next, slots: { first_moment: m, second_moment: v } };
      };
    },
  };
}

/** 1 − βᵗ as 2τ / (1 + τ) with τ = tanh(−t · ln β / 2): in float32 the difference itself would lose four digits. */
function unspent(beta: number, step: Moment["step"]) {
  const half = tanh(mul(step, -Math.log(beta) / 2));
  return div(mul(half, 2), add(half, 1));
}
