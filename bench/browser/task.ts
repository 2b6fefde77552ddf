/** What every contestant in the browser is given: the same first weights, batches and noise. */
import { latentOf, type ModelDescription } from "../../graphs/families.ts";
import { initialState } from "../../graphs/state.ts";
import type { TrainingConfig } from "../../graphs/training-config.ts";
import type { Images } from "../../src/data/images.ts";
import { Random } from "../../src/data/random.ts";
import { type Tensor, tensor } from "../../src/ir/tensor.ts";
import type { Contestant } from "../rounds.ts";

export interface Task {
  readonly description: ModelDescription;
  readonly config: TrainingConfig;
  readonly images: Images;
}

/** Gets a contestant ready. */
export type Open = (task: Task) => Promise<Contestant>;

/** The parameters that Isthmus begins from; weights as `[in, out]`, which the others' matrix products like best. */
export function firstWeights({ description, config }: Task): ReadonlyMap<string, Tensor<"float32">> {
  const state = Object.entries(initialState(description, config.optimizer, config.seed));
  const parameters = state.filter(([name]) => /^(encoder|decoder)\./.test(name));
  return new Map(parameters.map(([name, value]) => [name, transposed(value as Tensor<"float32">)]));
}

function transposed({ shape, data }: Tensor<"float32">): Tensor<"float32"> {
  const [rows, columns] = shape;
  if (rows === undefined || columns === undefined) return tensor("float32", shape, data);
  const turned = Float32Array.from(data, (_, i) => data[(i % rows) * columns + Math.floor(i / rows)]!);
  return tensor("float32", [columns, rows], turned);
}

/** The batches in the order in which Isthmus visits them, and the noise that it draws for each. */
export class Batches {
  readonly #task: Task;
  #step = 0;
  #order: Int32Array = new Int32Array();

  constructor(task: Task) {
    this.#task = task;
  }

  /** Pixels in [0, 1] `[batch, 784]`, and standard normal `[batch, latent]`. */
  next(): { readonly pixels: Float32Array; readonly noise: Float32Array } {
    const { images, config, description } = this.#task;
    const { batch, seed } = config;
    const size = batch * latentOf(description);
    const stepsPerEpoch = Math.floor(images.count / batch);
    const [epoch, at] = [Math.floor(this.#step / stepsPerEpoch), this.#step % stepsPerEpoch];
    if (at === 0) this.#order = new Random(seed, `shuffle/${epoch}`).permutation(images.count);
    const noise = new Float32Array(size);
    new Random(seed, "noise", this.#step * Math.ceil(size / 4)).fillNormal(noise);
    this.#step++;
    const { data } = images.pick(this.#order.subarray(at * batch, (at + 1) * batch));
    const pixels = new Float32Array(data.length);
    for (let i = 0; i < data.length; i++) pixels[i] = data[i]! / 255;
    return { pixels, noise };
  }
}
