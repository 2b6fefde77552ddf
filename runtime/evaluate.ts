/** The losses of a model on a set of images, and what else its evaluation graph tells. */
import type { Feed } from "../graphs/batch.ts";
import { type Evaluation, evaluation } from "../graphs/evaluation.ts";
import type { ModelDescription } from "../graphs/families.ts";
import type { Images } from "../src/data/images.ts";
import { Random } from "../src/data/random.ts";
import { fail } from "../src/ir/error.ts";
import { sizeOf, type Tensor, type Tensors, tensor } from "../src/ir/tensor.ts";
import { draw, isDrawn } from "./feeds.ts";
import type { Host, HostOptions, Placed } from "./host/host.ts";
import type { Losses } from "./losses.ts";
import { Session } from "./session.ts";

/** Images a run: enough to keep the cores busy, few enough to stay responsive. */
export const BATCH = 500;

/** The mean losses, and of each row of details its mean and variance over the images. */
export interface Evaluated extends Losses {
  readonly details: Readonly<
    Record<string, { readonly mean: Float64Array; readonly variance: Float64Array }>
  >;
}

/** Measures weights on images; one evaluator serves any weights of its model. */
export class Evaluator {
  readonly #session: Session;
  readonly #feeds: readonly Feed[];
  readonly #details: readonly string[];
  readonly #parameters: readonly string[];

  private constructor(session: Session, feeds: readonly Feed[], details: readonly string[]) {
    this.#session = session;
    this.#feeds = feeds;
    this.#details = details;
    const fed = new Set(feeds.map(({ name }) => name));
    this.#parameters = session.inputs.map(({ name }) => name).filter((name) => !fed.has(name));
  }

  /** Opens the evaluation graph of a model. To be released by the caller. Throws where the device refuses it. */
  static async open(
    description: ModelDescription,
    host: Host,
    options: HostOptions = {},
  ): Promise<Evaluator> {
    return Evaluator.of(evaluation(description), host, options);
  }

  /** An evaluator of a graph of its own; weights that are bound in it are not asked for. */
  static async of(
    { graph, feeds, details }: Evaluation,
    host: Host,
    options: HostOptions = {},
  ): Promise<Evaluator> {
    return new Evaluator(await Session.open(graph, host, options), feeds, details);
  }

  /** The mean losses over all images, as `evaluate` has them. */
  async losses(
    weights: Placed,
    images: Images,
    settings: { seed: number; klWeight: number },
  ): Promise<Losses> {
    const { loss, reconstruction, kl } = await this.evaluate(weights, images, settings);
    return { loss, reconstruction, kl };
  }

  /**
   * Means over all images with one draw each, from the seed's stream `evaluation`: the same images, weights and seed
   * give the same numbers. Weights may lie on the device. Throws where there are no images.
   */
  async evaluate(
    weights: Placed,
    images: Images,
    { seed, klWeight }: { seed: number; klWeight: number },
  ): Promise<Evaluated> {
    if (images.count === 0) fail("evaluate", "there are no images");
    const fed = Object.fromEntries(
      this.#parameters.map((name) => [name, weights[name] ?? fail("evaluate", `no weight ${name}`)]),
    );
    const streams = streamsOf(this.#feeds, seed);
    let [reconstruction, kl] = [0, 0];
    const moments = new Moments();
    for (let start = 0; start < images.count; start += BATCH) {
      const part = images.slice(start, start + BATCH);
      const given = batchFeeds(this.#feeds, part, start, streams);
      const terms = (await this.#session.run({ ...fed, ...given })) as Tensors;
      reconstruction += sum(terms.reconstruction!.data as Float32Array);
      kl += sum(terms.kl!.data as Float32Array);
      for (const name of this.#details) moments.add(name, terms[name] as Tensor<"float32">);
    }
    const [perImage, divergence] = [reconstruction / images.count, kl / images.count];
    const losses = { loss: perImage + klWeight * divergence, reconstruction: perImage, kl: divergence };
    return { ...losses, details: moments.over(images.count) };
  }

  /** Frees the model's memory. */
  async release(): Promise<void> {
    await this.#session.release();
  }
}

/** What one model's weights give on some images, as `Evaluator.evaluate` has it. */
export async function evaluated(
  description: ModelDescription,
  weights: Placed,
  images: Images,
  settings: { readonly seed: number; readonly klWeight: number },
  host: Host,
  options: HostOptions = {},
): Promise<Evaluated> {
  const evaluator = await Evaluator.open(description, host, options);
  try {
    return await evaluator.evaluate(weights, images, settings);
  } finally {
    await evaluator.release();
  }
}

/** A stream of random numbers for every input that is drawn. */
export function streamsOf(feeds: readonly Feed[], seed: number): ReadonlyMap<string, Random> {
  const stream = (name: string) => (name === "noise" ? "evaluation" : `evaluation/${name}`);
  return new Map(feeds.filter(isDrawn).map(({ name }) => [name, new Random(seed, stream(name))]));
}

/** What a graph reads of some images, the first of which is at `start`: a dimension of any size is their number. */
export function batchFeeds(
  feeds: readonly Feed[],
  images: Images,
  start: number,
  streams: ReadonlyMap<string, Random>,
): Record<string, Tensor<"float32"> | Tensor<"int32">> {
  const fed = feeds.map((feed): [string, Tensor<"float32"> | Tensor<"int32">] => {
    const { name, source, value } = feed;
    if (source === "image") return [name, images.toTensor()];
    if (source === "label") return [name, images.labelTensor()];
    const shape = value.shape.map((dim) => (typeof dim === "number" ? dim : images.count));
    if (source === "position")
      return [
        name,
        tensor(
          "int32",
          shape,
          Int32Array.from({ length: images.count }, (_, i) => start + i),
        ),
      ];
    return [name, tensor("float32", shape, draw(feed, streams.get(name)!, new Float32Array(sizeOf(shape))))];
  });
  return Object.fromEntries(fed);
}

/** Sums and sums of squares of the columns of rows that come in parts. */
class Moments {
  readonly #sums = new Map<string, { readonly sum: Float64Array; readonly squares: Float64Array }>();

  add(name: string, { shape: [, columns = 0], data }: Tensor<"float32">): void {
    const none = () => new Float64Array(columns);
    const known = this.#sums.get(name) ?? { sum: none(), squares: none() };
    this.#sums.set(name, known);
    for (let i = 0; i < data.length; i++) {
      const value = data[i]!;
      known.sum[i % columns]! += value;
      known.squares[i % columns]! += value * value;
    }
  }

  over(count: number): Evaluated["details"] {
    const all = [...this.#sums].map(([name, { sum, squares }]) => {
      const mean = sum.map((total) => total / count);
      return [name, { mean, variance: squares.map((total, i) => total / count - mean[i]! ** 2) }] as const;
    });
    return Object.fromEntries(all);
  }
}

function sum(values: Float32Array): number {
  return values.reduce((total, value) => total + value, 0);
}
