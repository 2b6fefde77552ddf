/** What a folder of images means: which files are images, their classes, and the splits that it comes in. */
import { realpath } from "node:fs/promises";
import { extname, join } from "node:path";
import { fail } from "../../src/ir/error.ts";
import { type Folder, listFolder } from "../host/file.ts";

/** An image file, and its class: the folder in its split that it lies in; null where the split has no classes. */
export interface ImageFile {
  readonly path: string;
  readonly className: string | null;
}

/** The images of a folder, by path; validation and test are null where no folder is theirs. */
export interface Layout {
  readonly train: readonly ImageFile[];
  readonly validation: readonly ImageFile[] | null;
  readonly test: readonly ImageFile[] | null;
}

const readable = new Set([".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff"]);
const foreign = new Set([".webp", ".avif", ".heic", ".heif", ".jxl", ".jp2"]);

/**
 * Finds the images of a folder. Where it holds `train` and, beside it, `test`, `validation` or `val`, these are the
 * splits; otherwise all its images are `train`.
 *
 * Throws where there are no images, or one in a format that can't be read.
 */
export async function findImages(folder: string): Promise<Layout> {
  const top = await listFolder(folder);
  const validation = ["validation", "val"].find((name) => top.folders.includes(name));
  const test = top.folders.includes("test") ? "test" : undefined;
  const hasSplits =
    top.folders.includes("train") && (top.folders.length === 1 || (validation ?? test) !== undefined);
  if (!hasSplits) return { train: await imagesUnder(folder), validation: null, test: null };
  return {
    train: await imagesUnder(join(folder, "train")),
    validation: validation === undefined ? null : await imagesUnder(join(folder, validation)),
    test: test === undefined ? null : await imagesUnder(join(folder, test)),
  };
}

/** The images of one split, by path. Its folders are classes unless images lie beside them. */
async function imagesUnder(folder: string): Promise<ImageFile[]> {
  const top = await listFolder(folder);
  const files = imagesIn(folder, top).map((path): ImageFile => ({ path, className: null }));
  const hasClasses = files.length === 0;
  const around = [await realpath(folder)];
  for (const name of top.folders) {
    for (const path of await deepImages(join(folder, name), around)) {
      files.push({ path, className: hasClasses ? name : null });
    }
  }
  if (files.length === 0) fail(folder, "holds no images (.png, .jpg, .bmp, .gif, .tiff) and no IDX files");
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** The paths of all images under a folder; a link to a folder around it is passed over. */
async function deepImages(folder: string, around: readonly string[]): Promise<string[]> {
  const real = await realpath(folder);
  if (around.includes(real)) return [];
  const entries = await listFolder(folder);
  const paths = imagesIn(folder, entries);
  for (const name of entries.folders) {
    for (const path of await deepImages(join(folder, name), [...around, real])) paths.push(path);
  }
  return paths;
}

function imagesIn(folder: string, { files }: Folder): string[] {
  return files.flatMap((name) => {
    const extension = extname(name).toLowerCase();
    if (foreign.has(extension))
      fail(join(folder, name), `can't be read: convert ${extension} images to .png or .jpg`);
    return readable.has(extension) ? [join(folder, name)] : [];
  });
}
