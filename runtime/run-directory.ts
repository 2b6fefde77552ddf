/** A run on disk: every file whole at any moment, so that a run killed at any moment can be resumed. */
import { mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { z } from "zod";
import { parse } from "../graphs/config.ts";
import { fail, IsthmusError } from "../src/ir/error.ts";
import type { Tensors } from "../src/ir/tensor.ts";
import {
  exists,
  readBytes,
  removeLeftovers,
  temporaryName,
  unreadable,
  unwritable,
  writeWhole,
} from "./host/file.ts";
import { readJson } from "./json.ts";
import { parseRunConfig, type RunConfig } from "./run-config.ts";
import { readSafetensors, writeSafetensors } from "./safetensors.ts";
import type { Checkpoint } from "./trainer.ts";

/** Larger than any checkpoint that fits in memory twice. */
const LARGEST = 2 ** 34;

const losses = z.strictObject({ loss: z.number(), reconstruction: z.number(), kl: z.number() });
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

export class RunDirectory {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** The last part of its path. */
  get name(): string {
    return basename(resolve(this.path));
  }

  /**
   * A new run with its first checkpoint. It is put together under another name and renamed, so there is never half a
   * run. Throws where something is there already.
   */
  static async create(path: string, config: RunConfig, checkpoint: Checkpoint): Promise<RunDirectory> {
    await RunDirectory.requireNew(path);
    const parent = dirname(resolve(path));
    const making = temporaryName(join(parent, `.${basename(path)}`));
    try {
      await mkdir(parent, { recursive: true });
      await removeLeftovers(parent, `.${basename(path)}.`);
      await mkdir(making);
      const run = new RunDirectory(making);
      await run.writeConfig(config);
      await run.writeCheckpoint(checkpoint);
      await run.write("metrics.jsonl", "");
      await rename(making, path);
    } catch (error) {
      await rm(making, { recursive: true, force: true }).catch(() => {});
      if (error instanceof IsthmusError) throw new IsthmusError(error.message.replace(making, path));
      unwritable(path, error);
    }
    return new RunDirectory(path);
  }

  /** Throws where a run can't be created: something other than an empty folder is there. */
  static async requireNew(path: string): Promise<void> {
    const files = await readdir(path).catch((error): string[] =>
      error.code === "ENOENT" ? [] : unreadable(path, error),
    );
    if (files.length === 0) return;
    const hint = files.includes("run.json")
      ? "it holds a run: continue it with --resume, or choose another --out"
      : "choose another --out";
    fail(path, `exists and is not empty (${hint})`);
  }

  /** A run that is there. Throws where the folder holds none. */
  static async open(path: string): Promise<RunDirectory> {
    if (!(await exists(path))) fail(path, "there is no such run");
    if (!(await RunDirectory.isAt(path))) fail(path, "is not a run: it holds no run.json");
    return new RunDirectory(path);
  }

  /** Whether there is a run at a path. */
  static async isAt(path: string): Promise<boolean> {
    return exists(join(path, "run.json"));
  }

  file(name: string): string {
    return join(this.path, name);
  }

  async write(name: string, content: Uint8Array | string): Promise<void> {
    await writeWhole(this.file(name), content);
  }

  async readConfig(): Promise<RunConfig> {
    const path = this.file("run.json");
    return parseRunConfig(await readFile(path, "utf8").catch((error) => unreadable(path, error)), path);
  }

  async writeConfig(config: RunConfig): Promise<void> {
    await this.write("run.json", `${JSON.stringify(config, null, 2)}\n`);
  }

  /** The state to go on from. */
  async readCheckpoint(): Promise<Checkpoint> {
    const path = this.file("checkpoint.safetensors");
    const { tensors, metadata } = readSafetensors(await readBytes(path, LARGEST), path);
    const saved =
      metadata.position ??
      fail(path, "is not a checkpoint of a run: it does not say where the training stood");
    return { state: tensors, position: parse(position, readJson(saved, path), path) };
  }

  async writeCheckpoint({ state, position }: Checkpoint): Promise<void> {
    const metadata = { format: "pt", position: JSON.stringify(position) };
    await this.write("checkpoint.safetensors", writeSafetensors({ tensors: state, metadata }));
  }

  /** Tensors that hold the parameters with the lowest validation loss; the checkpoint's before any was measured. */
  async readBest(): Promise<Tensors> {
    const path = this.file("best.safetensors");
    if (!(await exists(path))) return (await this.readCheckpoint()).state;
    return readSafetensors(await readBytes(path, LARGEST), path).tensors;
  }

  async writeBest(parameters: Tensors, epoch: number): Promise<void> {
    const metadata = { format: "pt", epoch: String(epoch) };
    await this.write("best.safetensors", writeSafetensors({ tensors: parameters, metadata }));
  }

  /** What each epoch up to `epochs` gave; later lines are of epochs that the checkpoint has not seen. */
  async readMetrics(epochs = Number.POSITIVE_INFINITY): Promise<EpochMetrics[]> {
    const path = this.file("metrics.jsonl");
    const text = await readFile(path, "utf8").catch((error) => unreadable(path, error));
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => parse(epochMetrics, readJson(line, path), path))
      .filter(({ epoch }) => epoch <= epochs);
  }

  async writeMetrics(metrics: readonly EpochMetrics[]): Promise<void> {
    await this.write("metrics.jsonl", metrics.map((line) => `${JSON.stringify(line)}\n`).join(""));
  }

  /** Removes what a killed process was writing here. Nothing else may be writing then. */
  async removeLeftovers(): Promise<void> {
    for (const folder of [this.path, this.file("pictures")]) await removeLeftovers(folder);
  }

  /** The folder's files and what they weigh, those inside of folders too. */
  async files(): Promise<{ readonly name: string; readonly bytes: number }[]> {
    const entries = await readdir(this.path, { recursive: true, withFileTypes: true });
    const names = entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    const sized = names.map(async (path) => ({
      name: path.slice(join(this.path, "/").length),
      bytes: (await stat(path)).size,
    }));
    return Promise.all(sized);
  }
}
