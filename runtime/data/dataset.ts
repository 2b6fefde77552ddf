/** Every data set by its description, the part of a run's configuration that says what it was trained on. */
import { resolve } from "node:path";
import { z } from "zod";
import { parse } from "../../graphs/config.ts";
import type { Dataset, Split } from "../../src/data/dataset.ts";
import { drawDigits } from "../../src/data/digits/digits.ts";
import { divide } from "../../src/data/split.ts";
import { fail } from "../../src/ir/error.ts";
import { exists, listFolder } from "../host/file.ts";
import { nearest } from "../nearest.ts";
import { sealed } from "./fingerprint.ts";
import { idxFiles, loadIdxFolder } from "./idx.ts";
import { loadImageFolder } from "./images.ts";
import { loadMnist } from "./mnist.ts";

/** The names that stand for a data set; everything else is a folder (`./mnist` is the folder of that name). */
export const dataNames = ["digits", "mnist"] as const;

/** The digits that are drawn: 20,000 to train on, 2,000 for validation and 2,000 for test. */
const DIGITS = 24_000;
const DIGITS_SEED = 1;

const count = z.int().min(1);

/** What `DataSpec` is, for parsing it. */
export const dataSpec = z.strictObject({
  /** `digits`, `mnist`, or the path of a folder of IDX files or of images. */
  name: z.string().min(1),
  /** Images only: the width and height, in pixels, that all are brought to. */
  resize: z.tuple([count, count]).optional(),
  /** Images only: 1 for gray, 3 for colour; by default gray if all of them are. */
  channels: z.union([z.literal(1), z.literal(3)]).optional(),
  /** What validates, where the data don't say: below 1 a share of the training images, else a number of them. */
  validation: z.union([z.number().gt(0).lt(1), count]).optional(),
  /** Train on this many images only, the first, for a quick try. */
  limit: count.optional(),
  /** Digits and images only: the seed that the digits are drawn with, or the order in which images are divided. */
  seed: z.int().min(0).optional(),
});

/** A data set's description, plain data: the same description of unchanged files loads the same data set. */
export type DataSpec = z.infer<typeof dataSpec>;

export interface LoadOptions {
  /** Told how many images of a folder are read, or how many of MNIST's files are there. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Loads a data set. Throws where there is none of that name, or its files are damaged. */
export async function loadDataset(spec: DataSpec, options: LoadOptions = {}): Promise<Dataset> {
  const { name, ...settings } = parse(dataSpec, spec, "data");
  const dataset = await loadNamed({ name, ...settings }, options);
  return { ...dataset, source: { name: isKnown(name) ? name : resolve(name), ...settings } };
}

async function loadNamed(spec: DataSpec, options: LoadOptions): Promise<Dataset> {
  const { name, resize, channels, ...rest } = spec;
  await requireDataset(name);
  const isImages = !isKnown(name) && idxFiles((await listFolder(name)).files).length === 0;
  if (!isImages && (resize ?? channels) !== undefined) {
    fail(name, `only folders of images take ${resize === undefined ? "channels" : "resize"}`);
  }
  if (isImages) {
    const size = resize === undefined ? undefined : { width: resize[0], height: resize[1] };
    return loadImageFolder(name, { size, channels, ...rest, ...options });
  }
  if (name === "digits") return digits(rest);
  if (name === "mnist") return loadMnist({ ...rest, ...options });
  return loadIdxFolder(name, { ...rest, ...options });
}

function isKnown(name: string): boolean {
  return dataNames.some((known) => known === name);
}

/** Throws where a name is neither a known data set's nor a folder's, with the nearest name there is. */
export async function requireDataset(name: string): Promise<void> {
  if (isKnown(name) || (await exists(name))) return;
  const meant = nearest(name, dataNames);
  const hint =
    meant === undefined ? `neither ${dataNames.join(" nor ")} nor a folder` : `did you mean "${meant}"?`;
  fail("data", `there is no "${name}": ${hint}`);
}

/** Digits drawn with one seed: first those for test, then those for validation, then as many as are trained on. */
function digits({ validation = 2000, limit, seed = DIGITS_SEED }: Omit<DataSpec, "name">): Dataset {
  const { train, test } = divide(DIGITS, { validation, test: 2000 }, "digits");
  const tested = test.end - test.start;
  const held = DIGITS - train.end;
  const count = Math.min(DIGITS, held + (limit ?? DIGITS));
  const { images, labels } = drawDigits(count, seed);
  const take = (start: number, end: number): Split => ({
    images: images.slice(start, end),
    labels: labels.subarray(start, end),
    origin: `digits[${start}:${end}] of seed ${seed}`,
  });
  return sealed("digits", {
    train: take(held, count),
    validation: take(tested, held),
    test: take(0, tested),
    classes: [..."0123456789"],
  });
}
