/** Which files can be read, by their names. */
import { fail } from "../../src/ir/error.ts";

const idxName = /^(train|t10k)-(images|labels)[-.]idx[134]-ubyte(\.gz)?$/;

/** The names among these that are MNIST-style IDX files: `train-images-idx3-ubyte`, `t10k-labels.idx1-ubyte.gz`, … */
export function idxFiles(names: readonly string[]): string[] {
  return names.filter((name) => idxName.test(name));
}

/** What errors call files that were dropped together. */
export const PLACE = "dropped files";

const image = /\.(png|jpe?g|gif|bmp|webp|avif)$/i;
const WHAT =
  "drop images (.png, .jpg, .webp, …), or IDX files named as MNIST's are (train-images-idx3-ubyte, train-labels-idx1-ubyte, plain or .gz)";

/**
 * The names of the IDX files among dropped ones; none where all are images. Throws, naming the file, where there is
 * one that a browser can't read, or some of each.
 */
export function requireReadable(paths: readonly string[]): readonly string[] {
  if (paths.length === 0) fail(PLACE, `there are none: ${WHAT}`);
  const names = idxFiles(paths.map(nameOf));
  const foreign = paths.find((path) => !names.includes(nameOf(path)) && !image.test(path));
  if (foreign !== undefined) fail(foreign, `is neither an image nor an IDX file: ${WHAT}`);
  if (names.length > 0 && names.length < paths.length)
    fail(PLACE, "are IDX files and images: drop the ones or the others");
  return names;
}

/** Whether a file is one that people don't see, such as `.DS_Store`. */
export function isHidden(path: string): boolean {
  return nameOf(path).startsWith(".");
}

/** The last part of a path. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
