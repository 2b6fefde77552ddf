/** One training in the worker, from its beginning or a checkpoint to a pause or the end, with a look at it now and then. */
import { describeModel, factsOf } from "../../../graphs/families.ts";
import type { Dataset } from "../../../src/data/dataset.ts";
import type { Tensors } from "../../../src/ir/tensor.ts";
import { exportModel, type ModelName } from "../../export.ts";
import type { Files } from "../../files.ts";
import type { Host } from "../../host/host.ts";
import type { RunConfig } from "../../run-config.ts";
import { RunDirectory } from "../../run-directory.ts";
import { TrainingRun, type TrainOptions } from "../../training-run.ts";
import type { Begun, Ending, News } from "./messages.ts";
import { Preview } from "./preview.ts";
import { pathOf } from "./run-files.ts";

/** A look takes at most this share of the time, and comes at most this often. */
const LOOK_SHARE = 0.05;
const LOOK_SECONDS = 1.5;

/** What is trained, where, and who is told. */
export interface Task {
  readonly name: string;
  readonly model: RunConfig["model"];
  readonly data: Dataset;
  readonly options: TrainOptions & { readonly device: "webgpu" | "wasm" };
  readonly host: Host;
  /** What there is to say of the device. */
  readonly detail: string;
  readonly files: Files;
  readonly tell: (news: News) => void;
}

export class TrainingSession {
  readonly #task: Task;
  readonly #run: TrainingRun;
  readonly #stop = new AbortController();
  /** What the pictures are of; downloads are of the same. */
  #parameters: Tensors | undefined;
  #isDone = false;

  /** Throws where the data don't fit the model, or a setting can't be. */
  constructor(task: Task) {
    this.#task = task;
    const options = { ...task.options, out: pathOf(task.name), signal: this.#stop.signal };
    this.#run = new TrainingRun(task.model, task.data, options, { host: task.host, files: task.files });
  }

  get name(): string {
    return this.#task.name;
  }

  /** Ends after the steps under way, with a checkpoint. */
  pause(): void {
    this.#stop.abort();
  }

  /** Trains until the end or a pause. */
  async train(): Promise<Ending> {
    const { tell } = this.#task;
    tell({ kind: "doing", what: "preparing the graphs" });
    tell({ kind: "begun", begun: await this.#begun() });
    const preview = await this.#preview();
    let next = 0;
    let epoch = 0;
    try {
      for await (const progress of this.#run) {
        tell({ kind: "progress", progress });
        epoch = progress.validation === null ? progress.epoch - 1 : progress.epoch;
        const begun = performance.now();
        if (preview === null || begun < next) continue;
        await this.#look(preview, await this.#run.parametersNow());
        const now = performance.now();
        next = now + Math.max(1000 * LOOK_SECONDS, (now - begun) / LOOK_SHARE);
      }
      const { isStopped } = this.#run;
      this.#isDone = !isStopped;
      this.#parameters = isStopped ? await this.#saved() : this.#run.parameters;
      if (preview !== null) await this.#look(preview, this.#parameters);
      if (isStopped) return { kind: "paused", epoch };
      const { epochs, test } = this.#run.result;
      return { kind: "done", epochs, test };
    } catch (error) {
      return failed(error, await RunDirectory.isAt(pathOf(this.name), this.#task.files));
    } finally {
      // A device that is lost has nothing to give back.
      await preview?.release().catch(() => {});
    }
  }

  /** The bytes of some models with the weights that the pictures are of. */
  async models<N extends ModelName>(...names: readonly N[]): Promise<Record<N, Uint8Array>> {
    const { model, training } = this.#run;
    const { classes, medium } = this.#task.data;
    const parameters = this.#parameters ?? (await this.#saved());
    const result = this.#isDone ? this.#run.result : undefined;
    const trained = { model, training, classes, medium, parameters, result };
    return Object.fromEntries(names.map((name) => [name, exportModel(name, trained)])) as Record<
      N,
      Uint8Array
    >;
  }

  async #look(preview: Preview, parameters: Tensors): Promise<void> {
    this.#parameters = parameters;
    this.#task.tell({ kind: "pictures", pictures: await preview.look(parameters) });
  }

  /** Nothing where the model is none that has pictures; the training goes on without. */
  async #preview(): Promise<Preview | null> {
    const { model, data, host, options, tell } = this.#task;
    try {
      return await Preview.open(model, data.validation.images, host, options);
    } catch (error) {
      tell({ kind: "warning", what: `There are no pictures of this model: ${(error as Error).message}` });
      return null;
    }
  }

  async #saved(): Promise<Tensors> {
    const run = await RunDirectory.open(pathOf(this.name), this.#task.files);
    return (await run.readCheckpoint()).state;
  }

  async #begun(): Promise<Begun> {
    const { name, model, data, options, detail, files } = this.#task;
    const { image, medium, classes } = data;
    const facts = factsOf(model);
    const isThere = await RunDirectory.isAt(pathOf(name), files);
    const run = isThere ? await RunDirectory.open(pathOf(name), files) : undefined;
    const { position } = (await run?.readCheckpoint()) ?? { position: { epoch: 0 } };
    return {
      ...{ name, medium, classes, detail, device: options.device, description: describeModel(model) },
      image: [image.channels, image.height, image.width],
      counts: [data.train.images.count, data.validation.images.count, data.test.images.count],
      isDrawn: data.source !== null,
      penalty: facts.penalty,
      unit: facts.unit,
      epochs: (await run?.readMetrics(position.epoch)) ?? [],
    };
  }
}

/** An error as the end of a training that it is. */
export function failed(error: unknown, isKept: boolean): Ending {
  const message = error instanceof Error ? error.message : String(error);
  const isNumbers =
    /the (loss|reconstruction|kl|validation loss|test loss) is (NaN|-?Infinity)|has a value of (NaN|-?Infinity)/;
  const cause = message.includes("the GPU was lost")
    ? "device"
    : isNumbers.test(message)
      ? "numbers"
      : "other";
  return { kind: "failed", message, cause, isKept };
}
