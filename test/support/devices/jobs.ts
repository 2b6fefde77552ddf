/** Trainings small enough for the float64 interpreter: a dense and a convolutional model, and their true course. */
import { parse } from "../../../graphs/config.ts";
import { describe, latentOf, type ModelInput } from "../../../graphs/families.ts";
import { initialState } from "../../../graphs/state.ts";
import { stepGraph } from "../../../graphs/step.ts";
import { trainingConfig } from "../../../graphs/training-config.ts";
import { drawDigits } from "../../../src/data/digits/digits.ts";
import { Random } from "../../../src/data/random.ts";
import { tensor } from "../../../src/ir/tensor.ts";
import { type Feed, type HostTensor, run } from "../interpreter/interpreter.ts";
import { part } from "../stepping.ts";
import type { Job } from "./work.ts";

export const STEPS = 20;
const BATCH = 8;

/** As `trainEpoch` divides them, 53 for validation and 160 to train on: 20 steps. */
const { images } = drawDigits(213, 1);

const models: Readonly<Record<string, ModelInput>> = {
  dense: { family: "vae", image: images.image, hidden: [32], latent: 4 },
  convolutional: { family: "vae", image: images.image, filters: [4, 8], hidden: [16], latent: 4 },
};

function jobOf(model: ModelInput): Job {
  const description = describe(model);
  const config = parse(trainingConfig, { batch: BATCH, epochs: 3 }, "training");
  const random = new Random(3, "feeds");
  const noise = random.fillNormal(new Float32Array(STEPS * BATCH * latentOf(description)));
  const index = Int32Array.from({ length: STEPS * BATCH }, () => random.integer(images.count));
  const each = (value: number) => tensor("float32", [STEPS], new Float32Array(STEPS).fill(value));
  return {
    description,
    config,
    image: images.image,
    pixels: images.data,
    state: initialState(description, config.optimizer, config.seed),
    feeds: {
      index: tensor("int32", [STEPS, BATCH], index),
      noise: tensor("float32", [STEPS, BATCH, latentOf(description)], noise),
      learning_rate: each(1e-3),
      kl_weight: each(1),
    },
  };
}

/** By title. */
export const jobs: readonly (readonly [string, Job])[] = Object.entries(models).map(([title, model]) => [
  title,
  jobOf(model),
]);

/** The losses of every step, and the state after the last. */
export interface Course {
  readonly losses: Readonly<Record<string, readonly number[]>>;
  readonly state: Readonly<Record<string, HostTensor>>;
}

/** What the steps of a job come to in float64, by the reference interpreter. */
export function courseOf({ description, config, feeds, state: first }: Job): Course {
  const graph = stepGraph(description, config);
  const names = ["loss", "reconstruction", "kl"] as const;
  const losses = { loss: [] as number[], reconstruction: [] as number[], kl: [] as number[] };
  let state: Readonly<Record<string, Feed>> = first;
  let results: Record<string, HostTensor> = {};
  for (let step = 0; step < STEPS; step++) {
    const at = (name: string) => part(feeds[name]!, step);
    const image = images.pick(at("index").data as Int32Array).toTensor();
    const [noise, learning_rate, kl_weight] = [at("noise"), at("learning_rate"), at("kl_weight")];
    results = run(graph, { ...state, image, noise, learning_rate, kl_weight });
    for (const name of names) losses[name].push(results[name]!.data[0]!);
    state = nextOf(first, results);
  }
  return { losses, state: nextOf(first, results) };
}

function nextOf(state: object, results: Record<string, HostTensor>): Record<string, HostTensor> {
  return Object.fromEntries(Object.keys(state).map((name) => [name, results[`${name}.next`]!]));
}
