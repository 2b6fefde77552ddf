/** Training and evaluation against an independent implementation in PyTorch (test/support/python/vae.py). */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "../../graphs/config.ts";
import { describe as described, type ModelInput, parametersOf } from "../../graphs/families.ts";
import { initialState } from "../../graphs/state.ts";
import { type TrainingInput, trainingConfig } from "../../graphs/training-config.ts";
import { loadDataset } from "../../runtime/data/dataset.ts";
import { drawDigits } from "../../src/data/digits/digits.ts";
import type { Images } from "../../src/data/images.ts";
import type { Tensor } from "../../src/ir/tensor.ts";
import { apart } from "../support/difference.ts";
// biome-ignore format: one list of names
import {
  evaluate, type Followed, followSteps, followTraining, type Job, readResult, STEPS, writeJob,
} from "../support/following.ts";
import { findPython, runPython } from "../support/python.ts";

const python = findPython("torch");
if (python.missing) console.info(`skipped: comparison with PyTorch: ${python.missing}`);

const image = { channels: 1, height: 28, width: 28 };
const adam = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
const gaussian = (variance: number | "learned") => ({ kind: "gaussian", variance }) as const;

interface Setting {
  readonly model: ModelInput;
  readonly training: TrainingInput;
  /**
   * How far parameters may be apart after the last step, in units of the largest. Adam divides small gradients by their
   * own size, and so makes much of their rounding: 4e-4 is seen, and 2e-7 of SGD.
   */
  readonly parameters: number;
}

const settings: Record<string, Setting> = {
  "Bernoulli 784-400-20, relu, Adam": {
    model: { family: "vae", image },
    training: { batch: 128 },
    parameters: 1e-3,
  },
  "Gaussian of learned variance, two hidden layers, tanh, AdamW": {
    model: { family: "vae", image, hidden: [200, 100], activation: "tanh", likelihood: gaussian("learned") },
    training: { batch: 64, optimizer: { kind: "adamw", ...adam, weightDecay: 0.1 } },
    parameters: 1e-3,
  },
  "Gaussian of fixed variance, SGD with momentum, clipped, KL weight 4": {
    model: { family: "vae", image, hidden: [100], latent: 8, likelihood: gaussian(0.05) },
    training: {
      batch: 32,
      learningRate: 1e-3,
      optimizer: { kind: "sgd", momentum: 0.9 },
      clipNorm: 5,
      klWeight: 4,
    },
    parameters: 1e-6,
  },
};

async function loadImages(): Promise<Images> {
  const folder = process.env.ISTHMUS_TEST_DATA;
  if (folder === undefined) return drawDigits(1000, 1).images;
  return (await loadDataset({ name: join(folder, "mnist"), limit: 10_000 })).train.images;
}

const images = await loadImages();
const jobs = Object.entries(settings).map(
  ([title, { model, training, parameters }]): [string, Job, number] => [
    title,
    { model: described(model), training: parse(trainingConfig, training, title), images },
    parameters,
  ],
);

/** The largest difference of two losses of one step, relative to that loss. */
function apartByStep(actual: Tensor, expected: Tensor): number {
  const [a, b] = [actual.data as Float32Array, expected.data as Float32Array];
  expect([a.length, b.length]).toEqual([STEPS, STEPS]);
  return b.reduce((most, value, i) => Math.max(most, Math.abs((value - a[i]!) / value)), 0);
}

/** The same names, shapes and bytes. */
function expectSameBits(actual: Followed, expected: Followed): void {
  expect(Object.keys(actual)).toEqual(Object.keys(expected));
  for (const [name, { dtype, shape, data }] of Object.entries(expected)) {
    const got = actual[name]!;
    expect({ dtype: got.dtype, shape: got.shape }, name).toEqual({ dtype, shape });
    expect(Buffer.compare(bytesOf(got.data), bytesOf(data)), name).toBe(0);
  }
}

function bytesOf(data: ArrayBufferView): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

describe.each(jobs)("%s", (_, job) => {
  test("training.onnx in five runs and step.onnx give the bits of training.onnx in one", async () => {
    const expected = await followTraining(job, 1);
    expectSameBits(await followTraining(job, 5), expected);
    expectSameBits(await followSteps(job), expected);
  });
});

describe.skipIf(python.missing !== undefined)("PyTorch", () => {
  let folder: string;
  let unused: Record<string, readonly string[]>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "isthmus-"));
    const folders = jobs.map((_, i) => join(folder, String(i)));
    for (const [i, [, job]] of jobs.entries()) await writeJob(folders[i]!, job);
    unused = JSON.parse(await runPython(python.command!, "follow.py", folders));
  }, 60_000);

  afterAll(() => rm(folder, { recursive: true }));

  describe.each(jobs.map((job, i) => [...job, i] as const))("%s", (title, job, bound, i) => {
    const followers: [string, () => Promise<Followed>][] = [
      ["training.onnx", () => followTraining(job, 1)],
      ["step.onnx", () => followSteps(job)],
    ];

    test.each(followers)(`%s follows it for ${STEPS} steps`, async (graph, follow) => {
      const expected = await readResult(join(folder, String(i)));
      const actual = await follow();
      const losses = ["loss", "reconstruction", "kl"].map((name) =>
        apartByStep(actual[name]!, expected[name]!),
      );
      const names = parametersOf(job.model).map(({ name }) => name);
      const parameters = names.map((name) => apart(actual[name]!, expected[name]!));
      const [loss, parameter] = [Math.max(...losses), Math.max(...parameters)];
      console.info(
        `${title}, ${graph}: losses within ${loss.toExponential(1)}, parameters within ${parameter.toExponential(1)}`,
      );
      expect(loss).toBeLessThan(5e-6);
      expect(parameter).toBeLessThan(bound);
    });

    test("loads the checkpoint under its own names", () => {
      const slots = Object.keys(initialState(job.model, job.training.optimizer, 1)).filter(
        (name) => !parametersOf(job.model).some((parameter) => parameter.name === name),
      );
      expect(unused[join(folder, String(i))]).toEqual(slots);
      expect(slots.at(-1)).toBe("step");
    });

    test("evaluation.onnx gives its terms and log importance weights", async () => {
      const expected = await readResult(join(folder, String(i)));
      const actual = await evaluate(job);
      expect(actual.log_weights!.shape).toEqual([5, 16]);
      for (const [name, value] of Object.entries(actual)) {
        // Near the prior, what a dimension costs is the small difference of large terms.
        const tolerance = name === "kl_per_dimension" ? 1e-5 : 2e-6;
        expect(apart(value, expected[`evaluation.${name}`]!), name).toBeLessThan(tolerance);
      }
    });
  });

  test("parameters begin as those of nn.Linear do", async () => {
    const [, { model, training }] = jobs[0]!;
    const state = initialState(model, training.optimizer, 1);
    const weights = parametersOf(model).filter(({ name }) => name.endsWith(".weight"));
    const sizes = weights.map(({ shape: [out, inputs] }) => `${inputs}x${out}`);
    const linear: Record<string, Statistics>[] = JSON.parse(
      await runPython(python.command!, "linear.py", sizes),
    );
    for (const [i, { name, shape }] of weights.entries()) {
      const bound = 1 / Math.sqrt(shape[1]!);
      for (const kind of ["weight", "bias"]) {
        const values = state[name.replace("weight", kind)]!.data as Float32Array;
        expectSameUniform(statisticsOf(values), linear[i]![kind]!, bound, values.length);
      }
    }
  });
});

type Statistics = Readonly<Record<"mean" | "deviation" | "least" | "largest", number>>;

function statisticsOf(values: Float32Array): Statistics {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  const [least, largest] = values.reduce(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [0, 0],
  );
  return { mean, deviation: Math.sqrt(variance), least, largest };
}

/** Both are what `count` draws from ±`bound` give: every statistic within five of its standard errors. */
function expectSameUniform(ours: Statistics, theirs: Statistics, bound: number, count: number): void {
  const deviation = bound / Math.sqrt(3);
  const tolerances = {
    mean: 5 * deviation * Math.sqrt(2 / count),
    // A uniform variable's kurtosis is 1.8.
    deviation: 5 * deviation * Math.sqrt((2 * 0.2) / count),
    // The distance of the largest of n from the bound is nearly exponential, with mean 2·bound/n.
    least: (12 * 2 * bound) / count,
    largest: (12 * 2 * bound) / count,
  };
  for (const [name, tolerance] of Object.entries(tolerances)) {
    const key = name as keyof Statistics;
    expect(Math.abs(ours[key] - theirs[key]), `${key} of ${count}`).toBeLessThan(tolerance);
  }
  expect(ours.largest).toBeLessThanOrEqual(bound);
  expect(ours.least).toBeGreaterThanOrEqual(-bound);
}
