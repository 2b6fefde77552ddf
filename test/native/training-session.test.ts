/** ONNX Runtime's TrainingSession, on our files, against step.onnx. */
import { expect, test } from "vitest";
import { parse } from "../../graphs/config.ts";
import { describe as described, type ModelInput } from "../../graphs/families.ts";
import { type TrainingInput, trainingConfig } from "../../graphs/training-config.ts";
import { loadTraining } from "../../runtime/host/node-training.ts";
import { trainingSession } from "../../runtime/training-session/engine.ts";
import { drawDigits } from "../../src/data/digits/digits.ts";
import type { Tensor } from "../../src/ir/tensor.ts";
import { followEngine, followSteps, type Job } from "../support/following.ts";

const image = { channels: 1, height: 28, width: 28 };
const { images } = drawDigits(1000, 1);
const jobs: readonly [string, ModelInput, TrainingInput][] = [
  ["784-400-20, AdamW", { family: "vae", image }, { optimizer: { kind: "adamw", weightDecay: 0.1 } }],
  [
    "two hidden layers, Adam, clipped, a rate of 0.003",
    { family: "vae", image, hidden: [64, 32], latent: 8 },
    {
      batch: 32,
      clipNorm: 5,
      learningRate: 3e-3,
      klWeight: 2,
      optimizer: { kind: "adam", beta1: 0.8, beta2: 0.99, epsilon: 1e-6 },
    },
  ],
];

function apart(actual: Tensor, expected: Tensor): number {
  const [a, b] = [actual.data as Float32Array, expected.data as Float32Array];
  const difference = b.reduce((most, value, i) => Math.max(most, Math.abs(value - a[i]!)), 0);
  return difference / b.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

test.each(jobs)("%s", async (title, model, training) => {
  const job: Job = { model: described(model), training: parse(trainingConfig, training, title), images };
  const expected = await followSteps(job);
  const t = performance.now();
  const actual = await followEngine(job, trainingSession(loadTraining, job.training.learningRate), 5);
  console.log(performance.now() - t);
  for (const [name, value] of Object.entries(expected)) console.log(name, apart(actual[name]!, value));
});
