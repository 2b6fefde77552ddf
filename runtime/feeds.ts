/** What the steps of a training read: which images, which noise, at which rate. */
import type { Feed } from "../graphs/batch.ts";
import { feedsOf, type ModelDescription } from "../graphs/families.ts";
import type { TrainingConfig } from "../graphs/training-config.ts";
import { Random } from "../src/data/random.ts";
import { staticShape } from "../src/ir/shape.ts";
import { sizeOf, type Tensor, tensor } from "../src/ir/tensor.ts";
import { factorAt } from "../src/optim/schedule.ts";
import type { StepFeeds } from "./engine/engine.ts";

/** The feeds of every step: they depend on the seed and the step alone, not on how many steps a run has. */
export class Feeds {
  readonly stepsPerEpoch: number;
  readonly #feeds: readonly Feed[];
  readonly #config: TrainingConfig;
  readonly #count: number;
  #order: { readonly epoch: number; readonly positions: Int32Array } | undefined;

  /** @param count the images to train on: an epoch is as many whole batches of them as there are */
  constructor(description: ModelDescription, config: TrainingConfig, count: number) {
    this.stepsPerEpoch = Math.floor(count / config.batch);
    this.#feeds = feedsOf(description, config.batch);
    this.#config = config;
    this.#count = count;
  }

  /** Those of `steps` steps from `step` of `epoch` on, both from 0, within the epoch. */
  of(epoch: number, step: number, steps: number): StepFeeds {
    const { batch, epochs, learningRate, learningRateSchedule, klWeight, klSchedule } = this.#config;
    const first = epoch * this.stepsPerEpoch + step;
    const moments = Array.from({ length: steps }, (_, i) => (first + i) / this.stepsPerEpoch);
    const rates = moments.map((at) => learningRate * factorAt(learningRateSchedule, at, epochs));
    const weights = moments.map((at) => klWeight * factorAt(klSchedule, at, epochs));
    const positions = this.#shuffled(epoch).slice(step * batch, (step + steps) * batch);
    const index = tensor("int32", [steps, batch], positions);
    const others = this.#feeds.flatMap((feed): [string, Tensor<"float32"> | Tensor<"int32">][] => {
      if (feed.source === "position") return [[feed.name, index]];
      return isDrawn(feed) ? [[feed.name, this.#drawn(feed, first, steps)]] : [];
    });
    return {
      ...Object.fromEntries(others),
      index,
      learning_rate: tensor("float32", [steps], Float32Array.from(rates)),
      kl_weight: tensor("float32", [steps], Float32Array.from(weights)),
    };
  }

  #drawn(feed: Feed, first: number, steps: number): Tensor<"float32"> {
    const shape = staticShape(feed.name, feed.value.shape);
    const size = sizeOf(shape);
    const data = new Float32Array(steps * size);
    for (let i = 0; i < steps; i++) {
      // A step's noise begins at a block of its own, so that it is the same however many steps a run has.
      const random = new Random(this.#config.seed, feed.name, (first + i) * Math.ceil(size / 4));
      draw(feed, random, data.subarray(i * size, (i + 1) * size));
    }
    return tensor("float32", [steps, ...shape], data);
  }

  #shuffled(epoch: number): Int32Array {
    if (this.#order?.epoch !== epoch) {
      const random = new Random(this.#config.seed, `shuffle/${epoch}`);
      this.#order = { epoch, positions: random.permutation(this.#count) };
    }
    return this.#order.positions;
  }
}

/** Whether the host draws an input; the others are of the data set. */
export function isDrawn({ source }: Feed): boolean {
  return source === "normal" || source === "uniform";
}

/** Fills `out` with what an input is drawn from. */
export function draw({ source }: Feed, random: Random, out: Float32Array): Float32Array {
  return source === "normal" ? random.fillNormal(out) : random.fillUniform(out, 0, 1);
}
