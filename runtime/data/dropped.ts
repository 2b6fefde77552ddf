/** A data set from files that a person dropped on a page or chose in it: IDX files, or images that the browser decodes. */
import type { Dataset } from "../../src/data/dataset.ts";
import { type BitmapForm, decodeBitmap } from "./bitmap.ts";
import { loadIdx } from "./idx.ts";
import { loadImages } from "./images.ts";
import type { DataFile, Layout } from "./layout.ts";
import type { Division } from "./parts.ts";
import { isHidden, nameOf, PLACE, requireReadable } from "./readable.ts";

/** A file, and its path in the folder that it was dropped with, `/` between its parts. */
export interface Dropped {
  readonly path: string;
  readonly file: Blob;
}

/** How dropped files become images, and how they are divided. */
export interface DroppedOptions extends Division, BitmapForm {
  /** What the data set is called. */
  readonly name?: string | undefined;
  /** Told how many images are decoded. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/**
 * A data set of IDX files, as `loadIdx` has it; or of images, each brought to one size. Folders named `train` and, beside
 * it, `test`, `validation` or `val` are splits, and other folders are classes where all images lie in some.
 *
 * Throws, naming the file, where one is damaged, or neither an IDX file nor an image.
 */
export async function loadDropped(files: readonly Dropped[], options: DroppedOptions): Promise<Dataset> {
  const shown = files.filter(({ path }) => !isHidden(path));
  const names = requireReadable(shown.map(({ path }) => path));

  const { name = PLACE, validation, test, limit, seed } = options;
  const division = { name, validation, test, limit, seed };
  if (names.length > 0) {
    const byName = new Map(shown.map(({ path, file }) => [nameOf(path), file]));
    const read = async (wanted: string) => new Uint8Array(await byName.get(wanted)!.arrayBuffer());
    return loadIdx({ place: PLACE, names, placeOf: (path) => path, read }, division);
  }
  const byPath = new Map(shown.map(({ path, file }) => [path, file]));
  const decode = async (found: readonly DataFile[]) => {
    const planes = [];
    for (const { path } of found) {
      planes.push(await decodeBitmap(byPath.get(path)!, path, options));
      options.onProgress?.(planes.length, found.length);
    }
    return planes;
  };
  return loadImages(PLACE, layoutOf([...byPath.keys()]), decode, { ...division, channels: options.channels });
}

/** What the folders of some paths mean, without those that all lie in. */
export function layoutOf(paths: readonly string[]): Layout {
  const parts = paths.map((path) => ({ path, folders: path.split("/").slice(0, -1) }));
  while (parts.every(({ folders }) => folders.length > 0 && folders[0] === parts[0]!.folders[0]))
    for (const { folders } of parts) folders.shift();
  const under = (split: string) =>
    parts
      .filter(({ folders }) => folders[0] === split)
      .map(({ path, folders }) => ({ path, folders: folders.slice(1) }));
  const validation = [...under("validation"), ...under("val")];
  const test = under("test");
  const isSplit = under("train").length > 0 && validation.length + test.length > 0;
  if (!isSplit) return { train: filesOf(parts), validation: null, test: null };
  return {
    train: filesOf(under("train")),
    validation: validation.length === 0 ? null : filesOf(validation),
    test: test.length === 0 ? null : filesOf(test),
  };
}

function filesOf(
  parts: readonly { readonly path: string; readonly folders: readonly string[] }[],
): DataFile[] {
  const hasClasses = parts.every(({ folders }) => folders.length > 0);
  return parts
    .map(({ path, folders }) => ({ path, className: hasClasses ? folders[0]! : null }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}
