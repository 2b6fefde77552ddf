/** A run that is there: its settings, its weights and models, its data. */

import { parse } from "../graphs/config.ts";
import { factsOf } from "../graphs/families.ts";
import type { Dataset, SplitName } from "../src/data/dataset.ts";
import { fail } from "../src/ir/error.ts";
import type { Tensors } from "../src/ir/tensor.ts";
import { type DataSpec, dataSpec, type LoadOptions, loadDataset } from "./data/dataset.ts";
import { Evaluator } from "./evaluate.ts";
import { exportModel, type ModelName } from "./export.ts";
import type { Host, HostOptions } from "./host/host.ts";
import type { Losses } from "./losses.ts";
import { Decoder, Encoder } from "./models.ts";
import type { RunConfig } from "./run-config.ts";
import { RunDirectory } from "./run-directory.ts";

export class Run {
  readonly directory: RunDirectory;
  readonly config: RunConfig;
  /** The parameters with the lowest validation loss. */
  readonly parameters: Tensors;
  readonly #host: Host;

  private constructor(directory: RunDirectory, config: RunConfig, parameters: Tensors, host: Host) {
    this.directory = directory;
    this.config = config;
    this.parameters = parameters;
    this.#host = host;
  }

  /** Opens a run directory. Throws where there is none, it is damaged, or a newer Isthmus made it. */
  static async open(path: string, host: Host): Promise<Run> {
    const directory = await RunDirectory.open(path);
    return new Run(directory, await directory.readConfig(), await directory.readBest(), host);
  }

  /** The data that the run was trained on, loaded again. Throws where they are gone or have changed. */
  async data(options: LoadOptions = {}): Promise<Dataset> {
    const { source, name, fingerprint } = this.config.data;
    if (source === null)
      return fail(this.directory.path, `its data (${name}) were made in memory: pass a data set`);
    const spec: DataSpec = parse(dataSpec, source, "data");
    const data = await loadDataset(spec, options);
    if (data.fingerprint !== fingerprint)
      fail(this.directory.path, `its data (${spec.name}) have changed since`);
    return data;
  }

  /** The mean losses on one split of a data set; a memory is measured on its training images, whichever is asked for. */
  async evaluate(data: Dataset, split: SplitName = "test", options: HostOptions = {}): Promise<Losses> {
    const { seed, klWeight } = this.config.training;
    const { isMemory } = factsOf(this.config.model);
    const { images } = data[isMemory ? "train" : split];
    const evaluator = await Evaluator.open(this.config.model, this.#host, options);
    const losses = await evaluator.losses(this.parameters, images, { seed, klWeight });
    await evaluator.release();
    return losses;
  }

  async encoder(options: HostOptions = {}): Promise<Encoder> {
    return Encoder.open(this.model("encoder"), "encoder", this.#host, options);
  }

  async decoder(options: HostOptions = {}): Promise<Decoder> {
    return Decoder.open(this.model("decoder"), "decoder", this.#host, options);
  }

  /** The bytes of one of its models. */
  model(name: ModelName): Uint8Array {
    const { model, training, data, result } = this.config;
    const { classes, medium } = data;
    const { parameters } = this;
    return exportModel(name, { model, training, classes, medium, parameters, result });
  }
}
