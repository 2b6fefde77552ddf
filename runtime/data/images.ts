/** A data set from a folder of image files. */
import type { Dataset, Split } from "../../src/data/dataset.ts";
import { Images } from "../../src/data/images.ts";
import { Random } from "../../src/data/random.ts";
import { divide, type Range, TEST_SHARE, validationShare } from "../../src/data/split.ts";
import { fail } from "../../src/ir/error.ts";
import { readBytes } from "../host/file.ts";
import { decodeImage, type ImageForm, type Planes } from "./decode.ts";
import { sealed } from "./fingerprint.ts";
import { findImages, type ImageFile } from "./layout.ts";

export interface ImageFolderOptions extends ImageForm {
  /** What the data set is called; the folder, where nobody says. */
  readonly name?: string | undefined;
  /** The share that validates where no folder is for it: below 1 a part, else a number. */
  readonly validation?: number | undefined;
  /** Take only this many training images, the first in the order drawn. */
  readonly limit?: number | undefined;
  /** The seed of the order in which training images are taken; 0 where nobody says. */
  readonly seed?: number | undefined;
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
  const found = await findImages(folder);
  const seed = options.seed ?? 0;
  const order = new Random(seed, "split").permutation(found.train.length);
  const pool = Array.from(order, (position) => found.train[position]!);
  const shares = {
    validation: found.validation === null ? (options.validation ?? validationShare(pool.length)) : 0,
    test: found.test === null ? TEST_SHARE : 0,
  };
  const ranges = divide(pool.length, shares, folder);
  const cut = ({ start, end }: Range): Part => ({
    files: pool.slice(start, end),
    origin: `images[${start}:${end}] of ${pool.length} in the order of seed ${seed}`,
  });
  const whole = (files: readonly ImageFile[], split: string): Part => ({ files, origin: `${split} folder` });
  const { start, end } = ranges.train;
  const parts = [
    cut({ start, end: Math.min(end, options.limit ?? end) }),
    found.validation === null ? cut(ranges.validation) : whole(found.validation, "validation"),
    found.test === null ? cut(ranges.test) : whole(found.test, "test"),
  ] as const;

  const planes = await decodeAll(
    parts.flatMap(({ files }) => files),
    options,
  );
  const channels = options.channels ?? (planes.every((image) => image.channels === 1) ? 1 : 3);
  const classes = classNames(parts);
  const split = (part: Part): Split => ({
    images: assemble(planes.splice(0, part.files.length), channels),
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

/** The files of one split, and how they were taken. */
interface Part {
  readonly files: readonly ImageFile[];
  readonly origin: string;
}

/** Decodes every file in turn, while the next few are read. */
async function decodeAll(files: readonly ImageFile[], options: ImageFolderOptions): Promise<Planes[]> {
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

/** The classes of the splits that have them, sorted; null where none has, or where a byte can't number them all. */
function classNames(parts: readonly Part[]): string[] | null {
  const names = parts.filter(isLabelled).flatMap(({ files }) => files.map(({ className }) => className!));
  const classes = [...new Set(names)].sort();
  return classes.length === 0 || classes.length > 256 ? null : classes;
}

function isLabelled({ files }: Part): boolean {
  return files.every(({ className }) => className !== null);
}

function labelsOf(part: Part, classes: readonly string[] | null): Uint8Array | null {
  if (classes === null || !isLabelled(part)) return null;
  const numbers = new Map(classes.map((name, number) => [name, number]));
  return Uint8Array.from(part.files, ({ className }) => numbers.get(className!)!);
}
