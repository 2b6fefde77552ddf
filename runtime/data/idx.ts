/** A data set from a folder of MNIST-style IDX files, plain or gzipped. */
import { join } from "node:path";
import type { Dataset, Split } from "../../src/data/dataset.ts";
import { type Idx, parseIdx } from "../../src/data/idx.ts";
import { Images } from "../../src/data/images.ts";
import { divide, type Range, TEST_SHARE, validationShare } from "../../src/data/split.ts";
import { fail } from "../../src/ir/error.ts";
import { listFolder, readBytes } from "../host/file.ts";
import { sealed } from "./fingerprint.ts";
import { gunzip, isGzip, UNPACKED_LIMIT } from "./gunzip.ts";

export interface IdxOptions {
  /** What the data set is called; the folder, where nobody says. */
  readonly name?: string | undefined;
  /** The share of the training file that validates: below 1 a part, else a number of images. */
  readonly validation?: number | undefined;
  /** Take only this many training images, the first. */
  readonly limit?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The images of one IDX file, their labels where there are any, and the file's name. */
interface Labelled {
  readonly name: string;
  readonly images: Images;
  readonly labels: Uint8Array | null;
}

const idxName = /^(train|t10k)-(images|labels)[-.]idx[134]-ubyte(\.gz)?$/;

/** The names among these that are MNIST-style IDX files: `train-images-idx3-ubyte`, `t10k-labels.idx1-ubyte.gz`, … */
export function idxFiles(names: readonly string[]): string[] {
  return names.filter((name) => idxName.test(name));
}

/**
 * Reads the IDX files of a folder: `train-images…` and, where they are there, `train-labels…`, `t10k-images…` and
 * `t10k-labels…`. Images are `[count, height, width]` or `[count, channels, height, width]`. Validation takes the
 * last images of the training file, and so does test where there is no `t10k` file.
 *
 * Throws, naming the file, where one is damaged or two of them do not fit each other.
 */
export async function loadIdxFolder(folder: string, options: IdxOptions = {}): Promise<Dataset> {
  const names = idxFiles((await listFolder(folder)).files);
  const train = await readPart(folder, names, "train", options.signal);
  if (train === null) fail(folder, "holds no train-images-idx3-ubyte file, plain or .gz");
  const test = await readPart(folder, names, "t10k", options.signal);
  if (test !== null && pixels(test) !== pixels(train)) {
    fail(join(folder, test.name), `holds images ${pixels(test)}, and ${train.name} holds ${pixels(train)}`);
  }

  const { count } = train.images;
  const shares = {
    validation: options.validation ?? validationShare(count),
    test: test === null ? TEST_SHARE : 0,
  };
  const ranges = divide(count, shares, join(folder, train.name));
  const end = Math.min(ranges.train.end, options.limit ?? ranges.train.end);
  return sealed(options.name ?? folder, {
    train: take(train, { start: 0, end }),
    validation: take(train, ranges.validation),
    test: test === null ? take(train, ranges.test) : take(test, { start: 0, end: test.images.count }),
    classes: classNames([train.labels, test?.labels ?? null]),
  });
}

async function readPart(
  folder: string,
  names: readonly string[],
  part: "train" | "t10k",
  signal: AbortSignal | undefined,
): Promise<Labelled | null> {
  const imagesName = names.find((name) => name.startsWith(`${part}-images`));
  if (imagesName === undefined) return null;
  const images = toImages(await readIdx(join(folder, imagesName), signal), join(folder, imagesName));

  const labelsName = names.find((name) => name.startsWith(`${part}-labels`));
  if (labelsName === undefined) return { name: imagesName, images, labels: null };
  const labels = await readIdx(join(folder, labelsName), signal);
  if (labels.shape.length !== 1)
    fail(join(folder, labelsName), `holds no labels but an array [${labels.shape}]`);
  if (labels.data.length !== images.count) {
    fail(join(folder, labelsName), `holds ${labels.data.length} labels for ${images.count} images`);
  }
  return { name: imagesName, images, labels: labels.data };
}

async function readIdx(path: string, signal: AbortSignal | undefined): Promise<Idx> {
  const bytes = await readBytes(path, UNPACKED_LIMIT, signal);
  return parseIdx(path.endsWith(".gz") || isGzip(bytes) ? await gunzip(bytes, path) : bytes, path);
}

/** The images `[count, height, width]` or `[count, channels, height, width]` of an IDX array. */
function toImages({ shape, data }: Idx, place: string): Images {
  if (shape.length !== 3 && shape.length !== 4) fail(place, `holds no images but an array [${shape}]`);
  if (data.length === 0) fail(place, `is empty: [${shape}]`);
  const [channels, height, width] = shape.length === 3 ? [1, ...shape.slice(1)] : shape.slice(1);
  return new Images({ channels: channels!, height: height!, width: width! }, data);
}

/** The numbers of the classes as their names, or null where there are no labels. */
function classNames(labels: readonly (Uint8Array | null)[]): string[] | null {
  let count = 0;
  for (const part of labels) for (const label of part ?? []) count = Math.max(count, label + 1);
  return count === 0 ? null : Array.from({ length: count }, (_, number) => String(number));
}

function pixels({ images: { image } }: Labelled): string {
  return `${image.channels}×${image.height}×${image.width}`;
}

function take({ name, images, labels }: Labelled, { start, end }: Range): Split {
  return {
    images: images.slice(start, end),
    labels: labels?.subarray(start, end) ?? null,
    origin: `${name}[${start}:${end}]`,
  };
}
