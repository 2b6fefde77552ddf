/** Stochastic gradient descent, with momentum on request. */
import { add, mul, sub } from "../ops/index.ts";
import type { Optimizer } from "./optimizer.ts";

export interface SgdOptions {
  /** Heavy-ball momentum as PyTorch has it: velocity ← momentum · velocity + gradient. */
  readonly momentum?: number;
  /** L2 penalty: weightDecay · parameter is added to the gradient. */
  readonly weightDecay?: number;
}

/** Steps of learning rate · velocity, which without momentum is the gradient (Robbins & Monro 1951). */
export function sgd({ momentum = 0, weightDecay = 0 }: SgdOptions = {}): Optimizer<"velocity"> {
  return {
    slots: momentum === 0 ? [] : ["velocity"],
    at:
      ({ learningRate }) =>
      (parameter, gradient, slots) => {
        const slope = weightDecay === 0 ? gradient : add(gradient, mul(parameter, weightDecay));
        const velocity = momentum === 0 ? slope : add(mul(slots.velocity, momentum), slope);
        return { parameter: sub(parameter, mul(velocity, learningRate)), slots: { velocity } };
      },
  };
}
