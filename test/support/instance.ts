/** What a model says of a batch in numbers: float64, by the reference interpreter, on random numbers. */
import { Batch, type Source } from "../../graphs/batch.ts";
import { instantiate, type ModelDescription } from "../../graphs/families.ts";
import { parameterInputs } from "../../graphs/inference.ts";
import type { Model } from "../../graphs/model.ts";
import { Random } from "../../src/data/random.ts";
import { graph, type Values } from "../../src/ir/graph.ts";
import { sizeOf } from "../../src/ir/tensor.ts";
import type { Scope } from "../../src/nn/scope.ts";
import { type Feed, type HostTensor, run } from "./interpreter/interpreter.ts";

export type Feeds = Readonly<Record<string, Feed>>;

interface Computed {
  readonly outputs: Readonly<Record<string, HostTensor>>;
  /** Everything that was fed, parameters as well. */
  readonly feeds: Feeds;
  readonly inputs: Values;
}

/** The values that `build` makes of a model and a batch; inputs that are not `given` are drawn, the same ones every time. */
export function computed(
  description: ModelDescription,
  size: number,
  build: (model: Model, batch: Batch, scope: Scope) => Values,
  given: Feeds = {},
  isTraining = false,
): Computed {
  const { model, scope } = instantiate(description, {}, isTraining);
  const batch = new Batch(description.image, size);
  const outputs = build(model, batch, scope);
  const inputs = { ...batch.inputs, ...parameterInputs(scope) };
  const sources = new Map(batch.feeds.map(({ name, source }) => [name, source]));
  const feeds = Object.fromEntries(
    Object.entries(inputs).map(([name, { shape }]) => {
      const sizes = shape as readonly number[];
      return [name, given[name] ?? drawn(name, sizes, sources.get(name))];
    }),
  );
  return { outputs: run(graph("model", inputs, outputs), feeds), feeds, inputs };
}

/** The images of codes, one row each, by parameters and labels as they were fed. */
export function decoded(description: ModelDescription, codes: readonly number[][], feeds: Feeds): number[][] {
  const latent = { shape: [codes.length, codes[0]!.length], data: codes.flat() };
  const build = (model: Model, batch: Batch) => ({
    image: model.decode(batch.normal("latent", [model.latent]), batch),
  });
  return rowsOf(computed(description, codes.length, build, { ...feeds, latent }).outputs.image!);
}

/** Numbers for an input of a batch, or for a parameter, which has no source. */
function drawn(name: string, shape: readonly number[], source: Source | undefined): Feed {
  const random = new Random(5, name);
  const draw = {
    image: () => random.uniform(),
    label: () => random.integer(3),
    position: () => random.integer(3),
    normal: () => random.normal(),
    uniform: () => random.uniform(),
    parameter: () => (name.endsWith("_var") ? random.uniform(0.5, 2) : random.normal() / 2),
  }[source ?? "parameter"];
  return { shape, data: Array.from({ length: sizeOf(shape) }, draw) };
}

/** The rows of a tensor along its first axis. */
export function rowsOf({ shape, data }: Feed): number[][] {
  const [count = 1] = shape;
  const size = data.length / count;
  return Array.from({ length: count }, (_, i) => Array.from(data, Number).slice(i * size, (i + 1) * size));
}

/** W x + b of a dense layer, by its parameters' name. */
export function affine(feeds: Feeds, name: string, x: readonly number[]): number[] {
  const bias = Array.from(feeds[`${name}.bias`]!.data, Number);
  return rowsOf(feeds[`${name}.weight`]!).map((row, i) => bias[i]! + dot(row, x));
}

export function dot(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) throw new Error(`${a.length} and ${b.length} numbers have no product`);
  return sum(a.map((value, i) => value * b[i]!));
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

export function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}

export const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** −log p of pixels under Bernoulli probabilities. */
export function bernoulliLoss(x: readonly number[], p: readonly number[]): number {
  return -sum(x.map((pixel, i) => pixel * Math.log(p[i]!) + (1 - pixel) * Math.log(1 - p[i]!)));
}

export function squaredDistance(a: readonly number[], b: readonly number[]): number {
  return sum(a.map((value, i) => (value - b[i]!) ** 2));
}
