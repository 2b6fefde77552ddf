/** Optimizers by name: their configuration as data. */
import { z } from "zod";
import { adam } from "../src/optim/adam.ts";
import type { Optimizer } from "../src/optim/optimizer.ts";
import { sgd } from "../src/optim/sgd.ts";

const fraction = z.number().min(0).lt(1);
const decay = z.number().min(0);
const moments = {
  beta1: fraction.default(0.9),
  beta2: fraction.default(0.999),
  epsilon: z.number().positive().default(1e-8),
};

export const optimizerConfig = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("adam"), ...moments }),
  z.strictObject({ kind: z.literal("adamw"), ...moments, weightDecay: decay.default(0.01) }),
  z.strictObject({ kind: z.literal("sgd"), momentum: fraction.default(0), weightDecay: decay.default(0) }),
]);
export type OptimizerConfig = z.output<typeof optimizerConfig>;

export function optimizerOf(config: OptimizerConfig): Optimizer {
  return config.kind === "sgd" ? sgd(config) : adam(config);
}
