/** Isthmus in Node: all that is portable, with files, data sets, runs on disk and ONNX Runtime's native package. */
import { resolve } from "node:path";
import type { ModelInput } from "../graphs/families.ts";
import type { Dataset } from "../src/data/dataset.ts";
import { type LoadOptions, loadDataset } from "./data/dataset.ts";
import type { DataSpec } from "./data/spec.ts";
import { LARGEST_FILE, readBytes } from "./host/file.ts";
import type { HostOptions } from "./host/host.ts";
import { nodeHost } from "./host/node.ts";
import { Decoder, Encoder } from "./models.ts";
import { nodePlatform } from "./node-platform.ts";
import { Run } from "./run.ts";
import { TrainingRun, type TrainOptions } from "./training-run.ts";

export { type LoadOptions, loadDataset } from "./data/dataset.ts";
export { nodeHost } from "./host/node.ts";
export { nodeFiles } from "./host/node-files.ts";
export type { BesidePrincipal } from "./linear.ts";
export * from "./portable.ts";
export { Run } from "./run.ts";
export { type ImportedCheckpoint, importCheckpoint } from "./training-session/import.ts";
export { openSessionEngine } from "./training-session/node.ts";

type Settings = Omit<DataSpec, "name"> & LoadOptions;

function load(name: string, { onProgress, signal, ...spec }: Settings): Promise<Dataset> {
  return loadDataset({ name, ...spec }, { onProgress, signal });
}

/** The digits that Isthmus draws itself: 28×28, ten classes, 20,000 + 2,000 + 2,000 images. */
export const digits = (settings: Settings = {}): Promise<Dataset> => load("digits", settings);

/** MNIST, from the folder in `ISTHMUS_MNIST`, from the cache, or downloaded into it. Throws where none has it. */
export const mnist = (settings: Settings = {}): Promise<Dataset> => load("mnist", settings);

/** A folder of IDX files, plain or gzipped, named as MNIST's are. Throws where they are missing or damaged. */
export const idx = (folder: string, settings: Settings = {}): Promise<Dataset> =>
  load(resolve(folder), settings);

/** A folder of images, one folder a class where there are labels. Throws where one is damaged or of another size. */
export const images = (folder: string, settings: Settings = {}): Promise<Dataset> =>
  load(resolve(folder), settings);

/** Lines of text that Isthmus makes up itself: 24 characters, 60,000 + 2,000 + 1,000 of them. */
export const lines = (settings: Settings = {}): Promise<Dataset> => load("lines", settings);

/** Single tones that Isthmus makes itself: 1,024 samples at 8 kHz, 12,000 + 1,000 + 1,000 of them. */
export const tones = (settings: Settings = {}): Promise<Dataset> => load("tones", settings);

/** A text file, a line an item. Throws where its lines are too long or their characters too many. */
export const text = (file: string, settings: Settings = {}): Promise<Dataset> =>
  load(resolve(file), settings);

/** A folder of WAV files of one rate. Throws where one is damaged. */
export const sounds = (folder: string, settings: Settings = {}): Promise<Dataset> =>
  load(resolve(folder), settings);

/**
 * Trains a model. Iterate over the run to train; then `run.result` has the test losses in nats per image, and
 * `run.models()` the encoder and decoder. With `out`, everything is kept in a run directory as well.
 */
export function train(model: ModelInput, data: Dataset, options: TrainOptions = {}): TrainingRun {
  return new TrainingRun(model, data, options, nodePlatform);
}

/** Opens a run directory. */
export function openRun(path: string): Promise<Run> {
  return Run.open(path, nodeHost);
}

/** Opens an `encoder.onnx`, whoever made it: one input `image` `[batch, channels, height, width]`. */
export async function loadEncoder(path: string, options: HostOptions = {}): Promise<Encoder> {
  return Encoder.open(await readBytes(path, LARGEST_FILE), path, nodeHost, options);
}

/** Opens a `decoder.onnx`, whoever made it: one input `latent` `[batch, latent]`. */
export async function loadDecoder(path: string, options: HostOptions = {}): Promise<Decoder> {
  return Decoder.open(await readBytes(path, LARGEST_FILE), path, nodeHost, options);
}
