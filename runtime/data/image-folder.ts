/** A data set from a folder of image files. */
import type { Dataset } from "../../src/data/dataset.ts";
import { fail } from "../../src/ir/error.ts";
import { readBytes } from "../host/file.ts";
import { decodeImage } from "./decode.ts";
import { type ImageOptions, loadImages } from "./images.ts";
import { type DataFile, findFiles, imageFiles } from "./layout.ts";
import type { Planes } from "./planes.ts";

export interface ImageFolderOptions extends ImageOptions {
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

const FILE_LIMIT = 256 * 2 ** 20;
const MEMORY_LIMIT = 2 ** 32 - 1;
const FILES_AHEAD = 4;

/**
 * Reads a folder of images: `train` and `test` (and `validation` or `val`) folders as the splits that they are, or
 * else every image, divided as `loadImages` has it. Where all images of a split lie in folders, these are its classes.
 *
 * Throws, naming the file, where one is damaged or, without `size`, has another size than the rest.
 */
export async function loadImageFolder(folder: string, options: ImageFolderOptions = {}): Promise<Dataset> {
  const decode = (files: readonly DataFile[]) => decodeAll(files, options);
  return loadImages(folder, await findFiles(folder, imageFiles), decode, options);
}

/** Decodes every file in turn, while the next few are read. */
async function decodeAll(files: readonly DataFile[], options: ImageFolderOptions): Promise<Planes[]> {
  const decoded: Planes[] = [];
  const ahead: Promise<Uint8Array>[] = [];
  let next = 0;
  for (const { path } of files) {
    while (next < files.length && ahead.length < FILES_AHEAD) {
      const reading = readBytes(files[next++]!.path, FILE_LIMIT, options.signal);
      reading.catch(() => {}); // awaited in its turn, unless a file before it fails
      ahead.push(reading);
    }
    options.signal?.throwIfAborted();
    const image = await decodeImage(await ahead.shift()!, path, options);
    const { width, height } = image;
    const first = decoded[0] ?? image;
    if (width !== first.width || height !== first.height) {
      const sizes = `is ${width}×${height} pixels, and ${files[0]!.path} is ${first.width}×${first.height}`;
      fail(path, `${sizes}: --resize WxH brings all images to one size`);
    }
    const needed = files.length * width * height * Math.max(image.channels, options.channels ?? 1);
    if (needed > MEMORY_LIMIT) {
      const size = `${files.length} images like it take ${(needed / 2 ** 30).toFixed(1)} GiB`;
      fail(path, `${size}, and at most 4 are held: --resize WxH or --limit N makes them fewer`);
    }
    decoded.push(image);
    options.onProgress?.(decoded.length, files.length);
  }
  return decoded;
}
