/** Where models come from: runs, `.onnx` files and folders of those, each model under a name that can be foretold. */
import { realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve, sep } from "node:path";
import { fail } from "../../src/ir/error.ts";
import { exists, LARGEST_FILE, listFolder, readBytes, unreadable } from "../host/file.ts";

/** A model's file. */
export interface ModelSource {
  readonly name: string;
  readonly path: string;
  /** The folder that it must lie in, which may itself be a link: to whatever that leads when the file is read. */
  readonly folder: string;
}

/** The bytes of a model, and what tells them from another version of the file. */
export interface ModelBytes {
  readonly bytes: Uint8Array;
  readonly stamp: string;
}

/**
 * The models that a path stands for, in the order of their names: those of a run `<run>` are `<run>-encoder`,
 * `<run>-decoder` and `<run>-evaluation`; a file is called as it is without `.onnx`; a folder has those of its files. `NAME=PATH` gives a run
 * or a file another name. Throws where there is no model.
 * @param onUnnamed told of a file in a folder whose name is none for a model, which is an error otherwise
 */
export async function findModels(
  spec: string,
  onUnnamed?: (error: unknown) => void,
): Promise<readonly ModelSource[]> {
  const [, given, rest] = /^([\w.-]+)=(.+)$/s.exec(spec) ?? [];
  const path = resolve(rest ?? spec);
  const entry = await stat(path).catch((error) => unreadable(rest ?? spec, error));
  if (entry.isFile()) return [source(given ?? basename(path, ".onnx"), path, dirname(path))];
  const { files } = await listFolder(path);
  const models = files.filter((file) => file.endsWith(".onnx"));
  if (await exists(join(path, "run.json"))) {
    const halves = ["encoder", "decoder", "evaluation"].filter((half) => models.includes(`${half}.onnx`));
    if (halves.length === 0) fail(rest ?? spec, "is a run without models: isthmus export writes them");
    const name = given ?? basename(path);
    return halves.map((half) => source(`${name}-${half}`, join(path, `${half}.onnx`), path));
  }
  if (given !== undefined) fail(spec, "is a folder of models, which are called as their files are");
  if (models.length === 0) fail(spec, "is neither a run nor a folder with .onnx files");
  return models.flatMap((file) => {
    try {
      return [source(basename(file, ".onnx"), join(path, file), path)];
    } catch (error) {
      if (onUnnamed === undefined) throw error;
      onUnnamed(error);
      return [];
    }
  });
}

function source(name: string, path: string, folder: string): ModelSource {
  if (!/^[\w.-]+$/.test(name))
    fail(
      path,
      `"${name}" is no name for a model: it may have letters, digits, ".", "_" and "-" (NAME=PATH gives another)`,
    );
  return { name, path, folder };
}

/** What tells a file from another version of it. Throws where it can't be read. */
export async function stampOf({ path }: ModelSource): Promise<string> {
  const entry = await stat(path).catch((error) => unreadable(path, error));
  // A pipe would be waited for until somebody writes to it.
  if (!entry.isFile()) fail(path, "is not a file");
  const { ino, size, mtimeMs } = entry;
  return `${ino}:${size}:${mtimeMs}`;
}

/** Reads a model whole. Throws where it lies outside of its folder, can't be read, or changes meanwhile. */
export async function readModel(source: ModelSource): Promise<ModelBytes> {
  const { path, folder } = source;
  const [real, root] = await Promise.all([realpath(path), realpath(folder)]).catch((error) =>
    unreadable(path, error),
  );
  if (!real.startsWith(root.endsWith(sep) ? root : root + sep))
    fail(path, "leads out of the folder of models");
  const stamp = await stampOf(source);
  const bytes = await readBytes(real, LARGEST_FILE);
  if ((await stampOf(source)) !== stamp) fail(path, "is being written");
  return { bytes, stamp };
}
