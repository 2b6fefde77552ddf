/** One training from one beginning, run by each of our graphs and by PyTorch on the same batches and noise. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { evaluationGraph } from "../../graphs/evaluation.ts";
import { latentOf, type ModelDescription } from "../../graphs/families.ts";
import { initialState } from "../../graphs/state.ts";
import { stepGraph } from "../../graphs/step.ts";
import { trainingGraph } from "../../graphs/training.ts";
import type { TrainingConfig } from "../../graphs/training-config.ts";
import { nodeHost } from "../../runtime/host/node.ts";
import { readSafetensors, writeSafetensors } from "../../runtime/safetensors.ts";
import { Session } from "../../runtime/session.ts";
import type { Images } from "../../src/data/images.ts";
import { Random } from "../../src/data/random.ts";
import { type Tensor, type Tensors, tensor } from "../../src/ir/tensor.ts";
import { lossNames, part, parts } from "./stepping.ts";

export const STEPS = 50;
const DRAWS = 5;

export interface Job {
  readonly model: ModelDescription;
  readonly training: TrainingConfig;
  readonly images: Images;
  /** Of a model from elsewhere: its name in `python/exported.py`, the parameters it begins with, and what stays. */
  readonly exported?: { readonly name: string; readonly parameters: Tensors; readonly buffers: Tensors };
}

/** What the steps gave: `loss`, `reconstruction` and `kl` `[STEPS]`, and the state after the last under its names. */
export type Followed = Tensors;

/** What is fed beside the state: a batch and noise for every step, a learning rate that falls, a KL weight. */
export function feedsOf({ model, training, images }: Job): Tensors {
  const { channels, height, width } = images.image;
  const { batch, learningRate, klWeight } = training;
  const random = new Random(7, "feeds");
  const index = Int32Array.from({ length: STEPS * batch }, () => random.integer(images.count));
  const rates = Float32Array.from({ length: STEPS }, (_, i) => learningRate * (1 - i / (2 * STEPS)));
  return {
    images: tensor("uint8", [images.count, channels, height, width], images.data),
    index: tensor("int32", [STEPS, batch], index),
    noise: normal(random, [STEPS, batch, latentOf(model)]),
    learning_rate: tensor("float32", [STEPS], rates),
    kl_weight: tensor("float32", [STEPS], new Float32Array(STEPS).fill(klWeight)),
  };
}

function normal(random: Random, shape: readonly number[]): Tensor<"float32"> {
  const size = shape.reduce((a, b) => a * b, 1);
  return tensor("float32", shape, random.fillNormal(new Float32Array(size)));
}

function nextState(state: Tensors, results: Tensors): Tensors {
  return Object.fromEntries(Object.keys(state).map((name) => [name, results[`${name}.next`]!]));
}

/** Of these tensors those that a model takes: one without a prior takes no noise. */
function asked(session: Session, feeds: Tensors): Tensors {
  return Object.fromEntries(session.inputs.map(({ name }) => [name, feeds[name]!]));
}

/** The losses of several runs one after the other. */
function joined(runs: readonly Tensors[]): Tensors {
  const column = (name: string) =>
    Float32Array.from(runs.flatMap((results) => [...(results[name]!.data as Float32Array)]));
  return Object.fromEntries(lossNames.map((name) => [name, tensor("float32", [STEPS], column(name))]));
}

/** By `training.onnx`, in so many runs of equally many steps. */
export async function followTraining(job: Job, runs: number): Promise<Followed> {
  const session = await Session.open(trainingGraph(job.model, job.training), nodeHost);
  const { images, ...sequences } = feedsOf(job);
  const results: Tensors[] = [];
  let state = beginningOf(job);
  for (let run = 0; run < runs; run++) {
    const [start, end] = [(run * STEPS) / runs, ((run + 1) * STEPS) / runs];
    const fed = { ...state, images: images!, ...parts(sequences, start, end) };
    results.push(await session.run(asked(session, fed)));
    state = nextState(state, results.at(-1)!);
  }
  await session.release();
  return { ...state, ...joined(results) };
}

/** By `step.onnx`, a step a run. */
export async function followSteps(job: Job): Promise<Followed> {
  const session = await Session.open(stepGraph(job.model, job.training), nodeHost);
  const { images: _, index, ...sequences } = feedsOf(job);
  const results: Tensors[] = [];
  let state = beginningOf(job);
  for (let step = 0; step < STEPS; step++) {
    const image = job.images.pick(part(index!, step).data as Int32Array).toTensor();
    results.push(await session.run(asked(session, { ...state, image, ...parts(sequences, step) })));
    state = nextState(state, results.at(-1)!);
  }
  await session.release();
  return { ...state, ...joined(results) };
}

/** The state before the first step. */
export function beginningOf({ model, training, exported }: Job): Tensors {
  return initialState(model, training.optimizer, training.seed, exported?.parameters);
}

function evaluated(job: Job) {
  const image = job.images.slice(0, 16).toTensor();
  return { image, noise: normal(new Random(7, "draws"), [DRAWS, 16, latentOf(job.model)]) };
}

/** The evaluation graph's outputs for the first parameters, some images and five draws of each. */
export async function evaluate(job: Job): Promise<Tensors> {
  const graph = evaluationGraph(job.model, DRAWS);
  const session = await Session.open(graph, nodeHost);
  const results = await session.run(asked(session, { ...beginningOf(job), ...evaluated(job) }));
  await session.release();
  return results;
}

/** Writes what `python/follow.py` needs of a job into `folder`. */
export async function writeJob(folder: string, job: Job): Promise<void> {
  const { image, noise } = evaluated(job);
  const data = { ...feedsOf(job), "evaluation.image": image, "evaluation.noise": noise };
  await mkdir(folder);
  const { model, training, exported } = job;
  await writeFile(join(folder, "job.json"), JSON.stringify({ model, training, exported: exported?.name }));
  await writeFile(
    join(folder, "checkpoint.safetensors"),
    writeSafetensors({ tensors: { ...beginningOf(job), ...exported?.buffers }, metadata: { format: "pt" } }),
  );
  await writeFile(join(folder, "data.safetensors"), writeSafetensors({ tensors: data, metadata: {} }));
}

/** What `python/follow.py` made of the job in `folder`. */
export async function readResult(folder: string): Promise<Tensors> {
  const path = join(folder, "result.safetensors");
  return readSafetensors(await readFile(path), path).tensors;
}
