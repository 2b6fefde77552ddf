/** What the steps of a training read: which images, which noise, at which rate. */
import type { ModelDescription } from "../graphs/families.ts";
import type { TrainingConfig } from "../graphs/training-config.ts";
import { Random } from "../src/data/random.ts";
import { tensor } from "../src/ir/tensor.ts";
import { factorAt } from "../src/optim/schedule.ts";
import type { StepFeeds } from "./engine/engine.ts";

/** The feeds of every step: they depend on the seed and the step alone, not on how many steps a run has. */
export class Feeds {
  readonly stepsPerEpoch: number;
  readonly #latent: number;
  readonly #config: TrainingConfig;
  readonly #count: number;
  #order: { readonly epoch: number; readonly positions: Int32Array } | undefined;

  /** @param count the images to train on: an epoch is as many whole batches of them as there are */
  constructor({ latent }: ModelDescription, config: TrainingConfig, count: number) {
    this.stepsPerEpoch = Math.floor(count / config.batch);
    this.#latent = latent;
    this.#config = config;
    this.#count = count;
  }

  /** Those of `steps` steps from `step` of `epoch` on, both from 0, within the epoch. */
  of(epoch: number, step: number, steps: number): StepFeeds {
    const { batch, seed, epochs, learningRate, learningRateSchedule, klWeight, klSchedule } = this.#config;
    const latent = this.#latent;
    const first = epoch * this.stepsPerEpoch + step;
    const noise = new Float32Array(steps * batch * latent);
    for (let i = 0; i < steps; i++) {
      // A step's noise begins at a block of its own, so that it is the same however many steps a run has.
      const blocks = Math.ceil((batch * latent) / 4);
      const random = new Random(seed, "noise", (first + i) * blocks);
      random.fillNormal(noise.subarray(i * batch * latent, (i + 1) * batch * latent));
    }
    const moments = Array.from({ length: steps }, (_, i) => (first + i) / this.stepsPerEpoch);
    const rates = moments.map((at) => learningRate * factorAt(learningRateSchedule, at, epochs));
    const weights = moments.map((at) => klWeight * factorAt(klSchedule, at, epochs));
    return {
      index: tensor(
        "int32",
        [steps, batch],
        this.#shuffled(epoch).slice(step * batch, (step + steps) * batch),
      ),
      noise: tensor("float32", [steps, batch, latent], noise),
      learning_rate: tensor("float32", [steps], Float32Array.from(rates)),
      kl_weight: tensor("float32", [steps], Float32Array.from(weights)),
    };
  }

  #shuffled(epoch: number): Int32Array {
    if (this.#order?.epoch !== epoch) {
      const random = new Random(this.#config.seed, `shuffle/${epoch}`);
      this.#order = { epoch, positions: random.permutation(this.#count) };
    }
    return this.#order.positions;
  }
}
