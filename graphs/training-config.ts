/** How a model is trained, as data. */
import { z } from "zod";
import { size } from "./config.ts";
import { optimizerConfig } from "./optimizer.ts";

const epochs = z.number().positive();
const schedule = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("constant") }),
  z.strictObject({ kind: z.literal("warmup"), epochs }),
  z.strictObject({
    kind: z.literal("cosine"),
    warmup: z.number().min(0).default(0),
    floor: z.number().min(0).max(1).default(0),
  }),
  z.strictObject({ kind: z.literal("decay"), share: z.number().gt(0).max(1).default(0.1) }),
  z.strictObject({ kind: z.literal("step"), epochs, factor: z.number().positive() }),
  z.strictObject({ kind: z.literal("burda") }),
]);

export const trainingConfig = z.strictObject({
  epochs: z.int().min(0).default(10),
  /** Images a step. An epoch is as many whole batches as there are; which images are left over changes with each. */
  batch: size.default(128),
  optimizer: optimizerConfig.default({ kind: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }),
  learningRate: z.number().positive().default(1e-3),
  /** A fall to 0 over the last tenth costs nothing, and takes 1 nat and the luck of the last steps out of the loss. */
  learningRateSchedule: schedule.default({ kind: "decay", share: 0.1 }),
  /** What the KL divergence, or another penalty, is weighed by: β of the β-VAE (Higgins et al. 2017). */
  klWeight: z.number().min(0).default(1),
  klSchedule: schedule.default({ kind: "constant" }),
  /** The largest global norm of the gradients. */
  clipNorm: z.number().positive().optional(),
  /** Stop after this many epochs without a lower validation loss. */
  patience: z.int().min(1).optional(),
  seed: z.int().min(0).default(1),
});

export type TrainingConfig = z.output<typeof trainingConfig>;
/** The same with everything optional that has a default. */
export type TrainingInput = z.input<typeof trainingConfig>;
