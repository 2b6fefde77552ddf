/** Trainings that ONNX Runtime's TrainingSession takes part in, and what it must agree with. */
import { expect } from "vitest";
import { parse } from "../../graphs/config.ts";
import { describe as described, type ModelInput, parametersOf } from "../../graphs/families.ts";
import { type TrainingInput, trainingConfig } from "../../graphs/training-config.ts";
import type { Task } from "../../runtime/engine/engine.ts";
import { drawDigits } from "../../src/data/digits/digits.ts";
import type { Tensors } from "../../src/ir/tensor.ts";
import { apart } from "./difference.ts";
import { beginningOf, type Job } from "./following.ts";
import { lossNames } from "./stepping.ts";

const image = { channels: 1, height: 28, width: 28 };
const { images } = drawDigits(1000, 1);

export function job(model: Omit<ModelInput, "image">, training: TrainingInput): Job {
  return {
    model: described({ ...model, image } as ModelInput),
    training: parse(trainingConfig, training, "training"),
    images,
  };
}

/** How far apart parameters and moments may be after the last step, in units of the largest of each. */
interface Bounds {
  readonly parameter: number;
  readonly moment: number;
}

/**
 * Trainings that differ in what could go wrong. Parameters are within 5e-5 and moments within 2e-5 of each other here; but
 * where Adam's gradients nearly cancel, another machine's rounding may turn a step around.
 */
export const jobs: readonly (readonly [title: string, Job, Bounds])[] = [
  [
    "784-400-20, AdamW",
    job({ family: "vae" }, { batch: 128, optimizer: { kind: "adamw", weightDecay: 0.1 } }),
    { parameter: 1e-3, moment: 1e-4 },
  ],
  [
    "two hidden layers, Adam with other moments and a rate of 0.003, clipped, KL weight 2",
    job({ family: "vae", hidden: [64, 32], latent: 8 } as ModelInput, {
      batch: 32,
      clipNorm: 5,
      learningRate: 3e-3,
      klWeight: 2,
      optimizer: { kind: "adam", beta1: 0.8, beta2: 0.99, epsilon: 1e-6 },
    }),
    { parameter: 1e-3, moment: 2e-4 },
  ],
  [
    "convolutions, AdamW",
    job({ family: "vae", filters: [4, 8], hidden: [16], latent: 4 } as ModelInput, {
      batch: 32,
      optimizer: { kind: "adamw" },
    }),
    { parameter: 1e-3, moment: 1e-4 },
  ],
];

export function taskOf(of: Job): Task {
  return { description: of.model, config: of.training, images: of.images, state: beginningOf(of) };
}

/** Losses are the same to 1e-5, parameters, and moments, which no session gives away, to what they may be. */
export function expectSameTraining(
  actual: Tensors,
  expected: Tensors,
  [title, { model }, bounds]: (typeof jobs)[number],
): void {
  const names = parametersOf(model).map(({ name }) => name);
  const far = (of: readonly string[]) =>
    Math.max(...of.map((name) => apart(actual[name] ?? expected.step!, expected[name]!)));
  const moments = names.flatMap((name) => [`first_moment.${name}`, `second_moment.${name}`]);
  const [loss, parameter, moment] = [far(lossNames), far(names), far(moments)];
  console.info(
    `${title}: losses within ${loss.toExponential(1)}, parameters within ${parameter.toExponential(1)}, moments within ${moment.toExponential(1)}`,
  );
  expect(loss).toBeLessThan(1e-5);
  expect(parameter).toBeLessThan(bounds.parameter);
  expect(moment).toBeLessThan(bounds.moment);
  expect(actual.step).toEqual(expected.step);
}
