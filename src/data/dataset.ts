/** A data set: images in three explicit splits, with labels where there are any, and a record of where it came from. */
import type { ImageShape, Images } from "./images.ts";

export const splitNames = ["train", "validation", "test"] as const;
export type SplitName = (typeof splitNames)[number];

/**
 * What the images stand for. A line of text is an image `[characters, 1, length]`, one channel a character of the
 * alphabet (its code points, in order), one-hot as 0 and 255. A clip of sound is an image `[1, 1, samples]`, 8-bit
 * unsigned with 128 for silence, at `rate` samples a second.
 */
export type Medium =
  | { readonly kind: "image" }
  | { readonly kind: "text"; readonly alphabet: string }
  | { readonly kind: "sound"; readonly rate: number };

/** One part of a data set. */
export interface Split {
  /** Images with the labels. */
  readonly images: Images;
  /** One class number an image, an index into `Dataset.classes`; null where the data has no labels. */
  readonly labels: Uint8Array | null;
  /** How this split was taken, in words, for `run.json`: `train-images-idx3-ubyte[0:54000]`. */
  readonly origin: string;
}

export interface Dataset extends Readonly<Record<SplitName, Split>> {
  /** What the user called it: `digits`, `mnist`, or the folder. */
  readonly name: string;
  /** What its images are: pictures, lines of text or clips of sound. */
  readonly medium: Medium;
  /** The shape of every image in it. */
  readonly image: ImageShape;
  /** The classes' names, in the order of their numbers; null where the data has no labels. */
  readonly classes: readonly string[] | null;
  /** SHA-256 (hex) of every split's images and labels, in order: two runs with one fingerprint saw the same data. */
  readonly fingerprint: string;
  /** How to load it again, as data for `run.json`; null where it was made in memory. */
  readonly source: Readonly<Record<string, unknown>> | null;
}
