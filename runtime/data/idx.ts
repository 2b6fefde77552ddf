/** A data set from MNIST-style IDX files, plain or gzipped, wherever they lie. */
import type { Dataset, Split } from "../../src/data/dataset.ts";
import { type Idx, parseIdx } from "../../src/data/idx.ts";
import { Images } from "../../src/data/images.ts";
import { divide, type Range, TEST_SHARE, validationShare } from "../../src/data/split.ts";
import { fail } from "../../src/ir/error.ts";
import { sealed } from "./fingerprint.ts";
import { gunzip, isGzip } from "./gunzip.ts";
import { idxFiles } from "./readable.ts";

export interface IdxOptions {
  /** What the data set is called; what the files lie in, where nobody says. */
  readonly name?: string | undefined;
  /** The share of the training file that validates: below 1 a part, else a number of images. */
  readonly validation?: number | undefined;
  /** The share of it that tests where there is no `t10k` file, likewise; a tenth where nobody says. */
  readonly test?: number | undefined;
  /** Take only this many training images, the first. */
  readonly limit?: number | undefined;
}

/** Files by name. */
export interface IdxSource {
  /** What they lie in, for errors. */
  readonly place: string;
  readonly names: readonly string[];
  /** What errors call a file. */
  readonly placeOf: (name: string) => string;
  readonly read: (name: string) => Promise<Uint8Array>;
}

/** The images of one IDX file, their labels where there are any, and the file's name. */
interface Labelled {
  readonly name: string;
  readonly images: Images;
  readonly labels: Uint8Array | null;
}

/**
 * Reads IDX files: `train-images…` and, where they are there, `train-labels…`, `t10k-images…` and `t10k-labels…`.
 * Images are `[count, height, width]` or `[count, channels, height, width]`. Validation takes the last images of the
 * training file, and so does test where there is no `t10k` file.
 *
 * Throws, naming the file, where one is damaged or two of them do not fit each other.
 */
export async function loadIdx(source: IdxSource, options: IdxOptions = {}): Promise<Dataset> {
  const { place, placeOf } = source;
  const train = await readPart(source, "train");
  if (train === null) fail(place, "holds no train-images-idx3-ubyte file, plain or .gz");
  const test = await readPart(source, "t10k");
  if (test !== null && pixels(test) !== pixels(train)) {
    fail(placeOf(test.name), `holds images ${pixels(test)}, and ${train.name} holds ${pixels(train)}`);
  }

  const { count } = train.images;
  const shares = {
    validation: options.validation ?? validationShare(count),
    test: test === null ? (options.test ?? TEST_SHARE) : 0,
  };
  const ranges = divide(count, shares, placeOf(train.name));
  const end = Math.min(ranges.train.end, options.limit ?? ranges.train.end);
  return sealed(options.name ?? place, {
    train: take(train, { start: 0, end }),
    validation: take(train, ranges.validation),
    test: test === null ? take(train, ranges.test) : take(test, { start: 0, end: test.images.count }),
    classes: classNames([train.labels, test?.labels ?? null]),
  });
}

async function readPart(source: IdxSource, part: "train" | "t10k"): Promise<Labelled | null> {
  const { placeOf } = source;
  const names = idxFiles(source.names);
  const imagesName = names.find((name) => name.startsWith(`${part}-images`));
  if (imagesName === undefined) return null;
  const images = toImages(await readIdx(source, imagesName), placeOf(imagesName));

  const labelsName = names.find((name) => name.startsWith(`${part}-labels`));
  if (labelsName === undefined) return { name: imagesName, images, labels: null };
  const labels = await readIdx(source, labelsName);
  if (labels.shape.length !== 1) fail(placeOf(labelsName), `holds no labels but an array [${labels.shape}]`);
  if (labels.data.length !== images.count) {
    fail(placeOf(labelsName), `holds ${labels.data.length} labels for ${images.count} images`);
  }
  return { name: imagesName, images, labels: labels.data };
}

async function readIdx({ read, placeOf }: IdxSource, name: string): Promise<Idx> {
  const bytes = await read(name);
  const place = placeOf(name);
  return parseIdx(name.endsWith(".gz") || isGzip(bytes) ? await gunzip(bytes, place) : bytes, place);
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
