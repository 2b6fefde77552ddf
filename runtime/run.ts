/** A run that is there: its settings, its weights and models, its data. */

import { parse } from "../graphs/config.ts";
import { factsOf } from "../graphs/families.ts";
import type { Dataset, SplitName } from "../src/data/dataset.ts";
import { Images } from "../src/data/images.ts";
import { fail } from "../src/ir/error.ts";
import type { Tensors } from "../src/ir/tensor.ts";
import type { Quantiles } from "./about.ts";
import { isLinear } from "./beginning.ts";
import { type LoadOptions, loadDataset } from "./data/dataset.ts";
import { type DataSpec, dataSpec } from "./data/spec.ts";
import { type Evaluated, evaluated } from "./evaluate.ts";
import { exportModel, type ModelName, type Trained } from "./export.ts";
import { type Fidelity, fidelityOf } from "./fidelity.ts";
import type { Host, HostOptions } from "./host/host.ts";
import { nodeFiles } from "./host/node-files.ts";
import { type ImportanceOptions, type LogLikelihood, logLikelihood } from "./importance.ts";
import { type BesidePrincipal, besidePrincipal } from "./linear.ts";
import type { Losses } from "./losses.ts";
import { codeOf, Decoder, Encoder } from "./models.ts";
import { quantilesOf } from "./quantiles.ts";
import type { RunConfig } from "./run-config.ts";
import { RunDirectory } from "./run-directory.ts";

/** A run directory that is there, whole or still in training: what it was made of, and what can be done with it. */
export class Run {
  readonly directory: RunDirectory;
  /** What `run.json` says: the model, its training, its data, and once training has ended its result. */
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
    const directory = await RunDirectory.open(path, nodeFiles);
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

  /** The images that a split's measures are of: a memory is measured on what it holds, whichever is asked for. */
  imagesOf(data: Dataset, split: SplitName): Images {
    return data[factsOf(this.config.model).isMemory ? "train" : split].images;
  }

  /** The mean losses on one split of a data set. */
  async evaluate(data: Dataset, split: SplitName = "test", options: HostOptions = {}): Promise<Losses> {
    const { loss, reconstruction, kl } = await this.measure(data, split, options);
    return { loss, reconstruction, kl };
  }

  /** The same, with the means and variances over images of what else is known of each. */
  async measure(data: Dataset, split: SplitName = "test", options: HostOptions = {}): Promise<Evaluated> {
    const { seed, klWeight } = this.config.training;
    const images = this.imagesOf(data, split);
    return evaluated(this.config.model, this.parameters, images, { seed, klWeight }, this.#host, options);
  }

  /** log p(x) of the images of one split, by importance sampling. Throws where the model has no lower bound of it. */
  async logLikelihood(
    data: Dataset,
    { split = "test", ...options }: ImportanceOptions & { readonly split?: SplitName | undefined },
  ): Promise<LogLikelihood> {
    const { model, training } = this.config;
    return logLikelihood(model, this.parameters, data[split].images, training.seed, this.#host, options);
  }

  /**
   * How far a linear autoencoder is from the principal components of the images that it was trained on, which are its
   * optimum. Null for any other model. Throws where the training images are gone or have changed.
   */
  async principal(
    data: Dataset,
    split: SplitName = "test",
    options: HostOptions = {},
  ): Promise<BesidePrincipal | null> {
    const { model, data: trained } = this.config;
    if (!isLinear(model)) return null;
    const { train } = data.fingerprint === trained.fingerprint ? data : await this.data();
    const images = { train: train.images, measured: data[split].images };
    return besidePrincipal(model, this.parameters, images, this.#host, options);
  }

  /** What comes back of a split's lines, sounds, and pictures of normal pixels; nothing for other pictures. */
  async fidelity(data: Dataset, split: SplitName = "test", options: HostOptions = {}): Promise<Fidelity> {
    const { model } = this.config;
    // Their nats depend on the variance, and don't tell how large an error is.
    const isNormal = "likelihood" in model && model.likelihood.kind === "gaussian";
    if (data.medium.kind === "image" && !isNormal) return {};
    const images = this.imagesOf(data, split);
    const [encoder, decoder] = [await this.encoder(options), await this.decoder(options)];
    try {
      const decoded = await decoder.decode(codeOf(await encoder.encode(images)), images.labels);
      return fidelityOf(data.medium, images, Images.fromTensor(decoded));
    } finally {
      await encoder.release();
      await decoder.release();
    }
  }

  /** Opens its encoder, images to codes `[batch, latent]`; the caller releases it. Throws where the device refuses. */
  async encoder(options: HostOptions = {}): Promise<Encoder> {
    return Encoder.open(this.model("encoder"), "encoder", this.#host, options);
  }

  /** Opens its decoder, codes `[batch, latent]` to images; the caller releases it. Throws where the device refuses. */
  async decoder(options: HostOptions = {}): Promise<Decoder> {
    return Decoder.open(this.model("decoder"), "decoder", this.#host, options);
  }

  /**
   * How unusual its training images are to it: measured when the training ended, or else now, on `data` or where they
   * were. Null for a memory, and before the end. Throws where it has to be measured and the images are gone or others.
   */
  async quantiles({
    data,
    ...options
  }: HostOptions & { readonly data?: Dataset | undefined } = {}): Promise<Quantiles | null> {
    const { result, data: trained } = this.config;
    if (result === undefined || result.quantiles !== undefined) return result?.quantiles ?? null;
    const { train, name, fingerprint } = data ?? (await this.data());
    if (fingerprint !== trained.fingerprint)
      fail(this.directory.path, `was trained on other data (${trained.name}) than ${name}`);
    return quantilesOf(this.#trained(null), train.images, this.#host, options);
  }

  /** The bytes of one of its models; it says how unusual training images are, as far as that is known. */
  model(name: ModelName, quantiles: Quantiles | null = this.config.result?.quantiles ?? null): Uint8Array {
    return exportModel(name, this.#trained(quantiles));
  }

  #trained(quantiles: Quantiles | null): Trained {
    const { model, training, data, result } = this.config;
    const { classes, medium } = data;
    const { parameters } = this;
    return { model, training, classes, medium, parameters, result: result && { ...result, quantiles } };
  }
}
