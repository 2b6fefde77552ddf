/** A data set from a folder of image files. */
import type { Dataset, Split } from "../../src/data/dataset.ts";
import { Images } from "../../src/data/images.ts";
import { fail } from "../../src/ir/error.ts";
import { readBytes } from "../host/file.ts";
import { decodeImage, type ImageForm, type Planes } from "./decode.ts";
import { sealed } from "./fingerprint.ts";
import { type DataFile, findFiles, imageFiles } from "./layout.ts";
import { classNames, type Division, labelsOf, type Part, partsOf } from "./parts.ts";

export interface ImageFolderOptions extends ImageForm, Division {
  /** What the data set is called; the folder, where nobody says. */
  readonly name?: string | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

const FILE_LIMIT = 256 * 2 ** 20;
const MEMORY_LIMIT = 2 ** 32 - 1;
const FILES_AHEAD = 4;

/**
 * Reads a folder of images: `train` and `test` (and `validation` or `val`) folders as the splits that they are, or
 * else every image in an order drawn with the seed, the last tenth of it for test and what comes before (a tenth, at
 * most 2,000) for validation. Where all images of a split lie in folders, these are their classes.
 *
 * Throws, naming the file, where one is damaged or, without `size`, has another size than the rest.
 */
export async function loadImageFolder(folder: string, options: ImageFolderOptions = {}): Promise<Dataset> {
  const parts = partsOf(await findFiles(folder, imageFiles), folder, "images", options);
  const planes = await decodeAll(
    parts.flatMap(({ items }) => items),
    options,
  );
  const channels = options.channels ?? (planes.every((image) => image.channels === 1) ? 1 : 3);
  const classes = classNames(parts);
  const split = (part: Part<DataFile>): Split => ({
    images: assemble(planes.splice(0, part.items.length), channels),
    labels: labelsOf(part, classes),
    origin: part.origin,
  });
  const [train, validation, test] = parts;
  return sealed(options.name ?? folder, {
    train: split(train),
    validation: split(validation),
    test: split(test),
    classes,
  });
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

/** One batch of all these images; a gray plane serves as red, green and blue where there are three channels. */
function assemble(planes: readonly Planes[], channels: 1 | 3): Images {
  const { width, height } = planes[0]!;
  const data = new Uint8Array(planes.length * channels * width * height);
  let at = 0;
  for (const image of planes) {
    for (let c = 0; c < channels; c += image.channels) {
      data.set(image.data, at);
      at += image.data.length;
    }
  }
  return new Images({ channels, height, width }, data);
}
