/** A data set and settings so small that a training takes a moment. */
import { mkdtempSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import type { ModelInput } from "../../graphs/families.ts";
import type { TrainingInput } from "../../graphs/training-config.ts";
import { sealed } from "../../runtime/data/fingerprint.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { drawDigits } from "../../src/data/digits/digits.ts";
import { idxBytes } from "./idx.ts";

/** Digits drawn in memory: 140 to train on, 20 for validation and 20 for test. */
export function tinyDigits(seed = 1): Dataset {
  const { images, labels } = drawDigits(180, seed);
  const take = (start: number, end: number) => ({
    images: images.slice(start, end),
    labels: labels.subarray(start, end),
    origin: `digits[${start}:${end}]`,
  });
  return sealed("tiny", {
    train: take(40, 180),
    validation: take(20, 40),
    test: take(0, 20),
    classes: [..."0123456789"],
  });
}

export const tinyModel = {
  family: "vae" as const,
  image: { channels: 1, height: 28, width: 28 },
  hidden: [8],
  latent: 2,
} satisfies ModelInput;

/** Four steps an epoch; some images are left over in each. */
export const tinyTraining: TrainingInput = { batch: 32, epochs: 3, seed: 1 };

/** The arguments of `isthmus train` for the same on a folder that `writeTinyFolder` made. */
export const tinyArguments = ["--hidden", "8", "--latent", "2", "--batch", "32", "--no-report"];

/** Writes a folder `path` of IDX files: 180 digits, of which `isthmus` trains on 144. */
export async function writeTinyFolder(path: string, seed = 1): Promise<void> {
  const { images, labels } = drawDigits(180, seed);
  await mkdir(path, { recursive: true });
  await writeFile(join(path, "train-images-idx3-ubyte"), idxBytes([180, 28, 28], images.data));
  await writeFile(join(path, "train-labels-idx1-ubyte"), idxBytes([180], labels));
}

/** An empty folder for all tests of a file, removed after them. */
export function sharedFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "isthmus-"));
  afterAll(() => rm(folder, { recursive: true }));
  return folder;
}
