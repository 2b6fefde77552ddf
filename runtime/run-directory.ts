/** A run's files: each whole at any moment, so that a run killed at any moment can be resumed. */
import { z } from "zod";
import { parse } from "../graphs/config.ts";
import { fail } from "../src/ir/error.ts";
import type { Tensors } from "../src/ir/tensor.ts";
import type { Files } from "./files.ts";
import { readJson } from "./json.ts";
import { losses, parseRunConfig, type RunConfig } from "./run-config.ts";
import { readSafetensors, writeSafetensors } from "./safetensors.ts";
import type { Checkpoint } from "./trainer.ts";

const position = z.strictObject({
  epoch: z.int().min(0),
  step: z.int().min(0),
  sums: losses,
  best: z.strictObject({ epoch: z.int(), loss: z.number() }).nullable(),
});

const epochMetrics = z.strictObject({
  epoch: z.int(),
  train: losses,
  validation: losses,
  /** Seconds of training so far; what was lost to a kill is not counted. */
  seconds: z.number(),
  imagesPerSecond: z.number(),
});

/** One line of `metrics.jsonl`. */
export type EpochMetrics = Readonly<z.output<typeof epochMetrics>>;

/** The files of one run, read and written by what they hold; errors name the file. */
export class RunDirectory {
  /** As it was given: a path on a disk, or a name in a page's storage. */
  readonly path: string;
  readonly #files: Files;

  private constructor(path: string, files: Files) {
    this.path = path;
    this.#files = files;
  }

  /** A new run with its first checkpoint; there is never half a run. Throws where something is there already. */
  static async create(
    path: string,
    config: RunConfig,
    checkpoint: Checkpoint,
    files: Files,
  ): Promise<RunDirectory> {
    await RunDirectory.requireNew(path, files);
    await files.create(path, {
      "metrics.jsonl": "",
      "checkpoint.safetensors": checkpointBytes(checkpoint),
      "run.json": configText(config),
    });
    return new RunDirectory(path, files);
  }

  /** Throws where a run can't be created: something other than an empty folder is there. */
  static async requireNew(path: string, files: Files): Promise<void> {
    const names = await files.list(path);
    if (names.length === 0) return;
    const hint = names.includes("run.json")
      ? "it holds a run: continue it with --resume, or choose another --out"
      : "choose another --out";
    fail(path, `exists and is not empty (${hint})`);
  }

  /** A run that is there. Throws where the folder holds none. */
  static async open(path: string, files: Files): Promise<RunDirectory> {
    if (!(await files.exists(path))) fail(path, "there is no such run");
    if (!(await RunDirectory.isAt(path, files))) fail(path, "is not a run: it holds no run.json");
    return new RunDirectory(path, files);
  }

  /** Whether there is a run at a path. */
  static async isAt(path: string, files: Files): Promise<boolean> {
    return files.exists(fileIn(path, "run.json"));
  }

  /** The path of one of its files, such as `run.json` or `pictures/losses.png`. */
  file(name: string): string {
    return fileIn(this.path, name);
  }

  /** Writes one of its files whole or not at all. Throws one line where that fails. */
  async write(name: string, content: Uint8Array | string): Promise<void> {
    await this.#files.write(this.file(name), content);
  }

  async #text(name: string): Promise<string> {
    return new TextDecoder().decode(await this.#files.read(this.file(name)));
  }

  /** What `run.json` says. Throws one line where it is damaged or was written by a newer Isthmus. */
  async readConfig(): Promise<RunConfig> {
    return parseRunConfig(await this.#text("run.json"), this.file("run.json"));
  }

  /** Writes `run.json` in the place of the one before. */
  async writeConfig(config: RunConfig): Promise<void> {
    await this.write("run.json", configText(config));
  }

  /** The state to go on from, and where that is. Throws one line where the file is missing or damaged. */
  async readCheckpoint(): Promise<Checkpoint> {
    const path = this.file("checkpoint.safetensors");
    const { tensors, metadata } = readSafetensors(await this.#files.read(path), path);
    const saved =
      metadata.position ??
      fail(path, "is not a checkpoint of a run: it does not say where the training stood");
    return { state: tensors, position: parse(position, readJson(saved, path), path) };
  }

  /** Writes the state to go on from in the place of the one before. */
  async writeCheckpoint(checkpoint: Checkpoint): Promise<void> {
    await this.write("checkpoint.safetensors", checkpointBytes(checkpoint));
  }

  /** Tensors that hold the parameters with the lowest validation loss; the checkpoint's before any was measured. */
  async readBest(): Promise<Tensors> {
    const path = this.file("best.safetensors");
    if (!(await this.#files.exists(path))) return (await this.readCheckpoint()).state;
    return readSafetensors(await this.#files.read(path), path).tensors;
  }

  /** Writes the parameters with the lowest validation loss so far, and after which epoch that was. */
  async writeBest(parameters: Tensors, epoch: number): Promise<void> {
    const metadata = { format: "pt", epoch: String(epoch) };
    await this.write("best.safetensors", writeSafetensors({ tensors: parameters, metadata }));
  }

  /** What each epoch up to `epochs` gave; later lines are of epochs that the checkpoint has not seen. */
  async readMetrics(epochs = Number.POSITIVE_INFINITY): Promise<EpochMetrics[]> {
    const path = this.file("metrics.jsonl");
    return (await this.#text("metrics.jsonl"))
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => parse(epochMetrics, readJson(line, path), path))
      .filter(({ epoch }) => epoch <= epochs);
  }

  /** Writes `metrics.jsonl` anew: all epochs so far, a line each. */
  async writeMetrics(metrics: readonly EpochMetrics[]): Promise<void> {
    await this.write("metrics.jsonl", metrics.map((line) => `${JSON.stringify(line)}\n`).join(""));
  }

  /** Removes what was being written here by who was killed. Nothing else may be writing then. */
  async removeLeftovers(): Promise<void> {
    await this.#files.removeLeftovers(this.path);
  }

  /** The folder's files and what they weigh, those inside of folders too. */
  async files(): Promise<readonly { readonly name: string; readonly bytes: number }[]> {
    return this.#files.sizes(this.path);
  }
}

function fileIn(folder: string, name: string): string {
  return folder.endsWith("/") ? `${folder}${name}` : `${folder}/${name}`;
}

function configText(config: RunConfig): string {
  return `${JSON.stringify(config, null, 2)}\n`;
}

function checkpointBytes({ state, position }: Checkpoint): Uint8Array {
  const metadata = { format: "pt", position: JSON.stringify(position) };
  return writeSafetensors({ tensors: state, metadata });
}
