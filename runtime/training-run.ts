/** One training from beginning to end: progress to iterate over, checkpoints on the way, models at the end. */

import { parse } from "../graphs/config.ts";
import {
  describe,
  factsOf,
  type ModelDescription,
  type ModelInput,
  parametersOf,
} from "../graphs/families.ts";
import { initialState } from "../graphs/state.ts";
import { type TrainingConfig, type TrainingInput, trainingConfig } from "../graphs/training-config.ts";
import type { Dataset } from "../src/data/dataset.ts";
import { fail } from "../src/ir/error.ts";
import type { Tensors } from "../src/ir/tensor.ts";
import { version } from "../src/version.ts";
import { beginningOf } from "./beginning.ts";
import { chooseDevice, type DeviceChoice } from "./device.ts";
import type { OpenEngine } from "./engine/engine.ts";
import { exportModel, modelNames, type Trained } from "./export.ts";
import { requireFiniteLoss, requireFit, requireSources, requireState } from "./fit.ts";
import type { Device, HostOptions } from "./host/host.ts";
import type { Losses } from "./losses.ts";
import { Decoder, Encoder } from "./models.ts";
import type { Platform } from "./platform.ts";
import { quantilesOf } from "./quantiles.ts";
import { newRunConfig, type RunConfig, type RunResult, recordOf, requireSame } from "./run-config.ts";
import { type EpochMetrics, RunDirectory } from "./run-directory.ts";
import { beginning, type Checkpoint, type Progress, Trainer } from "./trainer.ts";

/** How often a checkpoint is written within an epoch. */
const SAVE_SECONDS = 30;

/** How to train: the settings of `TrainingInput`, of which each has a default, and where and how the run is made. */
export interface TrainOptions extends TrainingInput {
  /** The parameters to begin with, by name; those that are not given are drawn from the seed. */
  readonly parameters?: Tensors | undefined;
  /** The run directory to write; nothing is written without one. */
  readonly out?: string | undefined;
  /** Go on with the run in `out` if there is one, instead of refusing to touch it. */
  readonly resume?: boolean | undefined;
  /** Stops after the run under way, with a checkpoint. */
  readonly signal?: AbortSignal | undefined;
  /** What to train on; the best that works unless told. */
  readonly device?: DeviceChoice | undefined;
  /** Threads of ONNX Runtime on the CPU; the physical cores unless told. */
  readonly threads?: number | undefined;
  /** What takes the steps; what suits the device unless given. */
  readonly engine?: OpenEngine | undefined;
  /** Whether to draw pictures and write `report.html` at the end; true unless told. */
  readonly report?: boolean | undefined;
}

/** A training, which begins when it is iterated over, and once only. */
export class TrainingRun implements AsyncIterable<Progress> {
  readonly model: ModelDescription;
  readonly training: TrainingConfig;
  readonly #data: Dataset;
  readonly #platform: Platform;
  readonly #options: Omit<TrainOptions, keyof TrainingInput>;
  #parameters: Tensors | undefined;
  #result: RunResult | undefined;
  #trainer: Trainer | undefined;
  #device: Device | undefined;
  #isStopped = false;

  /** Throws one line where the model or a setting can't be, or the data don't fit them. */
  constructor(model: ModelInput, data: Dataset, options: TrainOptions, platform: Platform) {
    const { parameters, out, resume, signal, device, threads, engine, report, ...training } = options;
    this.model = describe(model);
    this.training = parse(trainingConfig, training, "training");
    requireFit(this.model, this.training, data.train.images);
    const { train, validation, test } = data;
    requireSources(this.model, { train: train.images, validation: validation.images, test: test.images });
    // What a memory holds is all that it can be measured on.
    this.#data = factsOf(this.model).isMemory ? { ...data, validation: data.train, test: data.train } : data;
    this.#options = { parameters, out, resume, signal, device, threads, engine, report };
    this.#platform = platform;
  }

  /** Whether the signal stopped it before its end; its checkpoint is then there to resume from. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** What came out of it. Throws before its end. */
  get result(): RunResult {
    return this.#result ?? fail("train", "there is no result yet: iterate over the run to its end first");
  }

  /** The parameters with the lowest validation loss. Throws before the run's end. */
  get parameters(): Tensors {
    return (
      this.#parameters ?? fail("train", "there are no parameters yet: iterate over the run to its end first")
    );
  }

  /** The parameters as the steps so far have made them, for a look on the way. Throws unless it is under way. */
  async parametersNow(): Promise<Tensors> {
    const trainer = this.#trainer ?? fail("train", "is not under way");
    return this.#parametersIn((await trainer.checkpoint()).state);
  }

  /** The trained encoder and decoder, opened here. Throws before the run's end. */
  async models(): Promise<{ readonly encoder: Encoder; readonly decoder: Decoder }> {
    const trained = this.#trained();
    const options = await this.#at();
    return {
      encoder: await Encoder.open(exportModel("encoder", trained), "encoder", this.#platform.host, options),
      decoder: await Decoder.open(exportModel("decoder", trained), "decoder", this.#platform.host, options),
    };
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Progress, void, void> {
    const { signal } = this.#options;
    const at = await this.#at();
    const { run, config, checkpoint } = await this.#begin();
    const { train, validation } = this.#data;
    const images = { train: train.images, validation: validation.images };
    const metrics = (await run?.readMetrics(checkpoint.position.epoch)) ?? [];
    const before = metrics.at(-1)?.seconds ?? 0;
    const kept = await run?.readBest();
    const trainer = await Trainer.open(this.model, this.training, images, {
      host: this.#platform.host,
      engine: this.#options.engine,
      ...at,
      ...checkpoint,
    });
    this.#trainer = trainer;
    let best = this.#parametersIn(kept ?? checkpoint.state);
    let saved = performance.now();
    const save = async () => {
      const now = await trainer.checkpoint();
      await run?.writeCheckpoint(now);
      saved = performance.now();
      return now;
    };
    let isInterrupted = true;
    try {
      for await (const progress of trainer.train(signal)) {
        if (progress.validation !== null) {
          // In this order: lines of epochs that no checkpoint has seen are dropped by a resume, and a best that was
          // not written yet is found in the checkpoint.
          metrics.push(epochMetrics(progress, progress.validation, before + trainer.pace.seconds));
          await run?.writeMetrics(metrics);
          const { state } = await save();
          if (progress.isBest) {
            best = this.#parametersIn(state);
            await run?.writeBest(best, progress.epoch);
          }
        } else if (performance.now() - saved > 1000 * SAVE_SECONDS) await save();
        yield progress;
      }
      isInterrupted = signal?.aborted === true && !trainer.isDone;
      if (!isInterrupted) {
        this.#parameters = best;
        await this.#test(trainer, metrics.at(-1));
        if (run !== undefined) await this.#keep(run, { ...config, result: this.result }, metrics);
      }
    } catch (error) {
      isInterrupted = false;
      throw error;
    } finally {
      this.#isStopped = isInterrupted;
      this.#trainer = undefined;
      try {
        if (isInterrupted) await save();
      } finally {
        await trainer.release();
      }
    }
  }

  /** Where the graphs run. Throws where the device that was asked for does not work. */
  async #at(): Promise<HostOptions & { readonly device: Device }> {
    const { device = "auto", engine, threads } = this.#options;
    const cpu = this.#platform.host.devices.at(-1)!;
    if (engine !== undefined && device !== "auto" && device !== cpu)
      fail("train", `an engine of its own is not run on ${device}: leave one of them out`);
    this.#device ??= engine === undefined ? await chooseDevice(this.#platform.host, device) : cpu;
    return { device: this.#device, threads };
  }

  /** The run directory, if there is to be one, its `run.json`, and where to go on from, or begin. */
  async #begin(): Promise<{
    readonly run?: RunDirectory;
    readonly config: RunConfig;
    readonly checkpoint: Checkpoint;
  }> {
    const { out, resume } = this.#options;
    const at = await this.#at();
    const config = this.#config(at.device);
    const { files } = this.#platform;
    if (out !== undefined && resume && (await RunDirectory.isAt(out, files)))
      return this.#goOn(await RunDirectory.open(out, files), config.device);
    const { images } = this.#data.train;
    const parameters =
      this.#options.parameters ?? (await beginningOf(this.model, images, this.#platform.host, at));
    const state = initialState(this.model, this.training.optimizer, this.training.seed, parameters);
    const checkpoint = { state, position: beginning };
    if (out === undefined) return { config, checkpoint };
    return { run: await RunDirectory.create(out, config, checkpoint, files), config, checkpoint };
  }

  async #goOn(run: RunDirectory, device: string) {
    const { result: _, ...began } = await run.readConfig();
    requireSame(began, this, run.path);
    if (began.data.fingerprint !== this.#data.fingerprint)
      fail(run.path, `can't be resumed: its data (${began.data.name}) are not those that it began with`);
    const checkpoint = await run.readCheckpoint();
    requireState(this.model, this.training, checkpoint.state, run.file("checkpoint.safetensors"));
    const { epoch, step, best } = checkpoint.position;
    // A kill may have come between this checkpoint and its parameters' being kept as the best.
    if (best?.epoch === epoch && step === 0) await run.writeBest(this.#parametersIn(checkpoint.state), epoch);
    await run.removeLeftovers();
    // Other epochs and another device hold from now on, for whoever goes on after a kill as well.
    const config = { ...began, training: this.training, device };
    if (JSON.stringify(began) !== JSON.stringify(config)) await run.writeConfig(config);
    return { run, config, checkpoint };
  }

  /** Measures the best parameters on the test images: the result. */
  async #test(trainer: Trainer, last: EpochMetrics | undefined): Promise<void> {
    const { batch } = this.training;
    const { epoch, best } = trainer.position;
    const test = await trainer.losses(this.parameters, this.#data.test.images);
    requireFiniteLoss("test loss", test.loss, `after epoch ${epoch}`);
    const speed = last?.imagesPerSecond || null;
    this.#result = {
      epochs: epoch,
      bestEpoch: best?.epoch ?? null,
      validation: best?.loss ?? null,
      test,
      seconds: last?.seconds ?? 0,
      imagesPerSecond: speed,
      millisecondsPerStep: speed && (1000 * batch) / speed,
    };
    const quantiles = await quantilesOf(
      this.#trained(),
      this.#data.train.images,
      this.#platform.host,
      await this.#at(),
    );
    this.#result = { ...this.#result, quantiles };
  }

  /** Writes the models, the result and the report. */
  async #keep(run: RunDirectory, config: RunConfig, metrics: readonly EpochMetrics[]): Promise<void> {
    for (const name of modelNames) await run.write(`${name}.onnx`, exportModel(name, this.#trained()));
    await run.writeConfig(config);
    const { report } = this.#platform;
    if (report === undefined || this.#options.report === false) return;
    const models = await this.models();
    const { parameters } = this;
    try {
      await report(run, {
        ...{ config, metrics, data: this.#data, parameters, ...models },
        ...{ host: this.#platform.host, at: await this.#at() },
      });
    } finally {
      await models.encoder.release();
      await models.decoder.release();
    }
  }

  #trained(): Trained {
    const { model, training } = this;
    return {
      model,
      training,
      classes: this.#data.classes,
      medium: this.#data.medium,
      parameters: this.parameters,
      result: this.#result,
    };
  }

  #parametersIn(state: Tensors): Tensors {
    return Object.fromEntries(parametersOf(this.model).map(({ name }) => [name, state[name]!]));
  }

  #config(device: Device): RunConfig {
    const data = recordOf(this.#data);
    return newRunConfig({ isthmus: version, model: this.model, training: this.training, device, data });
  }
}

function epochMetrics(
  { epoch, loss, reconstruction, kl, imagesPerSecond }: Progress,
  validation: Losses,
  seconds: number,
): EpochMetrics {
  return { epoch, train: { loss, reconstruction, kl }, validation, seconds, imagesPerSecond };
}
