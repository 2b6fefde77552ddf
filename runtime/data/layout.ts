/** What a folder of images or sounds means: which files are read, their classes, and the splits that it comes in. */
import { realpath } from "node:fs/promises";
import { extname, join } from "node:path";
import { fail } from "../../src/ir/error.ts";
import { type Folder, listFolder } from "../host/file.ts";

/** A file, and its class: the folder in its split that it lies in; null where the split has no classes. */
export interface DataFile {
  readonly path: string;
  readonly className: string | null;
}

/** The files of a folder that are read, by path; validation and test are null where no folder is theirs. */
export interface Layout {
  readonly train: readonly DataFile[];
  readonly validation: readonly DataFile[] | null;
  readonly test: readonly DataFile[] | null;
}

/** Which files are read, by extension, and what to say of those that can't be. */
export interface Wanted {
  readonly readable: readonly string[];
  readonly foreign: readonly string[];
  /** What `foreign` files are to be made into first. */
  readonly remedy: string;
}

export const imageFiles: Wanted = {
  readable: [".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff"],
  foreign: [".webp", ".avif", ".heic", ".heif", ".jxl", ".jp2"],
  remedy: "images to .png or .jpg",
};

export const soundFiles: Wanted = {
  readable: [".wav"],
  foreign: [".mp3", ".m4a", ".aac", ".ogg", ".opus", ".flac", ".aif", ".aiff"],
  remedy: "clips to .wav",
};

/** Whether a folder holds sounds, at any depth, and no images. */
export async function holdsSounds(folder: string): Promise<boolean> {
  const holds = async ({ readable }: Wanted) =>
    (await deepFiles(folder, { readable, foreign: [], remedy: "" })).length > 0;
  return (await holds(soundFiles)) && !(await holds(imageFiles));
}

/**
 * Finds the files of a folder that are wanted. Where it holds `train` and, beside it, `test`, `validation` or `val`,
 * these are the splits; otherwise all its files are `train`.
 *
 * Throws where there are none, or one in a format that can't be read.
 */
export async function findFiles(folder: string, wanted: Wanted): Promise<Layout> {
  const top = await listFolder(folder);
  const validation = ["validation", "val"].find((name) => top.folders.includes(name));
  const test = top.folders.includes("test") ? "test" : undefined;
  const hasSplits =
    top.folders.includes("train") && (top.folders.length === 1 || (validation ?? test) !== undefined);
  if (!hasSplits) return { train: await filesUnder(folder, wanted), validation: null, test: null };
  return {
    train: await filesUnder(join(folder, "train"), wanted),
    validation: validation === undefined ? null : await filesUnder(join(folder, validation), wanted),
    test: test === undefined ? null : await filesUnder(join(folder, test), wanted),
  };
}

/** The wanted files of one split, by path. Its folders are classes unless such files lie beside them. */
async function filesUnder(folder: string, wanted: Wanted): Promise<DataFile[]> {
  const top = await listFolder(folder);
  const files = filesIn(folder, top, wanted).map((path): DataFile => ({ path, className: null }));
  const hasClasses = files.length === 0;
  const around = [await realpath(folder)];
  for (const name of top.folders) {
    for (const path of await deepFiles(join(folder, name), wanted, around)) {
      files.push({ path, className: hasClasses ? name : null });
    }
  }
  if (files.length === 0)
    fail(folder, "holds no images (.png, .jpg, .bmp, .gif, .tiff), no sounds (.wav) and no IDX files");
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** The paths of all wanted files under a folder; a link to a folder around it is passed over. */
async function deepFiles(folder: string, wanted: Wanted, around: readonly string[] = []): Promise<string[]> {
  const real = await realpath(folder);
  if (around.includes(real)) return [];
  const entries = await listFolder(folder);
  const paths = filesIn(folder, entries, wanted);
  for (const name of entries.folders) {
    for (const path of await deepFiles(join(folder, name), wanted, [...around, real])) paths.push(path);
  }
  return paths;
}

function filesIn(folder: string, { files }: Folder, { readable, foreign, remedy }: Wanted): string[] {
  return files.flatMap((name) => {
    const extension = extname(name).toLowerCase();
    if (foreign.includes(extension))
      fail(join(folder, name), `can't be read: convert ${extension} ${remedy}`);
    return readable.includes(extension) ? [join(folder, name)] : [];
  });
}
