/** A data set from a folder of MNIST-style IDX files. */
import { join } from "node:path";
import type { Dataset } from "../../src/data/dataset.ts";
import { listFolder, readBytes } from "../host/file.ts";
import { UNPACKED_LIMIT } from "./gunzip.ts";
import { type IdxOptions, loadIdx } from "./idx.ts";

export interface IdxFolderOptions extends IdxOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Reads the IDX files of a folder, as `loadIdx` has it. */
export async function loadIdxFolder(
  folder: string,
  { signal, ...options }: IdxFolderOptions = {},
): Promise<Dataset> {
  const placeOf = (name: string) => join(folder, name);
  const { files: names } = await listFolder(folder);
  const read = (name: string) => readBytes(placeOf(name), UNPACKED_LIMIT, signal);
  return loadIdx({ place: folder, names, placeOf, read }, options);
}
