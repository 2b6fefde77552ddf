/** Every data set by its description. */
import { extname, resolve } from "node:path";
import { parse } from "../../graphs/config.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { fail } from "../../src/ir/error.ts";
import { exists, listFolder } from "../host/file.ts";
import { nearest } from "../nearest.ts";
import { isGenerated, loadGenerated } from "./generated.ts";
import { loadIdxFolder } from "./idx-folder.ts";
import { loadImageFolder } from "./image-folder.ts";
import { holdsSounds } from "./layout.ts";
import { loadMnist } from "./mnist.ts";
import { idxFiles } from "./readable.ts";
import { loadSoundFolder } from "./sounds.ts";
import { type DataSpec, dataNames, dataSpec } from "./spec.ts";
import { loadTextFile } from "./text.ts";

/** How loading is followed, and stopped. */
export interface LoadOptions {
  /** Told how many images of a folder are read, or how many of MNIST's files are there. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Stops it: the call then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Loads a data set. Throws where there is none of that name, or its files are damaged. */
export async function loadDataset(spec: DataSpec, options: LoadOptions = {}): Promise<Dataset> {
  const { name, ...settings } = parse(dataSpec, spec, "data");
  const dataset = await loadNamed({ name, ...settings }, options);
  return { ...dataset, source: { name: isKnown(name) ? name : resolve(name), ...settings } };
}

async function loadNamed(spec: DataSpec, options: LoadOptions): Promise<Dataset> {
  const { name, resize, channels, ...rest } = spec;
  await requireDataset(name);
  const kind = await kindOf(name);
  if (kind === "images") {
    const size = resize === undefined ? undefined : { width: resize[0], height: resize[1] };
    return loadImageFolder(name, { size, channels, ...rest, ...options });
  }
  if ((resize ?? channels) !== undefined)
    fail(name, `only folders of images take ${resize === undefined ? "channels" : "resize"}`);
  if (isGenerated(name)) return loadGenerated(name, rest);
  if (kind === "mnist") return loadMnist({ ...rest, ...options });
  if (kind === "text") return loadTextFile(name, { ...rest, ...options });
  if (kind === "sounds") return loadSoundFolder(name, { ...rest, ...options });
  return loadIdxFolder(name, { ...rest, ...options });
}

/** What a name or a path stands for. */
async function kindOf(
  name: string,
): Promise<(typeof dataNames)[number] | "text" | "idx" | "sounds" | "images"> {
  const known = dataNames.find((one) => one === name);
  if (known !== undefined) return known;
  if (extname(name).toLowerCase() === ".txt") return "text";
  if (idxFiles((await listFolder(name)).files).length > 0) return "idx";
  return (await holdsSounds(name)) ? "sounds" : "images";
}

function isKnown(name: string): boolean {
  return dataNames.some((known) => known === name);
}

/** Throws where a name is neither a known data set's nor a path, with the nearest name there is. */
export async function requireDataset(name: string): Promise<void> {
  if (isKnown(name) || (await exists(name))) return;
  const meant = nearest(name, dataNames);
  const hint =
    meant === undefined
      ? `neither one of ${dataNames.join(", ")} nor a folder or .txt file`
      : `did you mean "${meant}"?`;
  fail("data", `there is no "${name}": ${hint}`);
}
