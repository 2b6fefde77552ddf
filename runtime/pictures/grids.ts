/** The pictures made of images: reconstructions, samples, sweeps, the latent grid, interpolations. */
import { Images } from "../../src/data/images.ts";
import type { Picture } from "./picture.ts";
import { encodePng } from "./raster.ts";
import { contactSheet, type SheetLayout } from "./sheet.ts";

const WIDEST_ROW = 1100;

/** Images beside what the model makes of them; both hold the same number, in the same order. */
export async function reconstructions(originals: Images, reconstructed: Images): Promise<Picture> {
  return stacked(
    [
      ["original", originals],
      ["reconstruction", reconstructed],
    ],
    {
      name: "reconstructions",
      title: "Reconstructions",
      caption:
        "Images the model was not trained on, and under each what is left of it after it went through the latent code.",
      alt: `${originals.count} test images in rows, each row above the row of their reconstructions`,
      wide: true,
    },
  );
}

/** Images, what a denoising encoder was shown instead, and what came back; all hold the same number, in one order. */
export async function denoised(originals: Images, shown: Images, restored: Images): Promise<Picture> {
  return stacked(
    [
      ["original", originals],
      ["shown", shown],
      ["restored", restored],
    ],
    {
      name: "reconstructions",
      title: "What was lost, restored",
      caption:
        "Test images, under each what the encoder was shown of it, corrupted as in training, and under that what the decoder made of the code.",
      alt: `${originals.count} test images in rows, each row above the row of their corrupted copies and that of what was restored`,
      wide: true,
    },
  );
}

/** Sets of images under one another, each with its label, as many beside each other as there is room for. */
function stacked(
  sets: readonly (readonly [label: string, images: Images])[],
  words: Words,
): Promise<Picture> {
  const [, { image, count }] = sets[0]!;
  const widest = Math.min(16, Math.max(4, Math.floor(WIDEST_ROW / image.width)));
  const bands = Math.ceil(count / widest);
  const columns = Math.ceil(count / bands);
  const rows = Array.from({ length: bands }, (_, band) =>
    sets.map(([, images]) => images.slice(band * columns, (band + 1) * columns)),
  );
  const last = columns * bands - count;
  const isLast = (cell: number) =>
    cell >= (bands - 1) * columns * sets.length && cell % columns >= columns - last;
  const empty = new Set(Array.from({ length: bands * columns * sets.length }, (_, i) => i).filter(isLast));
  return sheetPicture(stack(rows.flat()), { columns, rowLabels: sets.map(([label]) => label), empty }, words);
}

/** What the decoder makes of draws from the prior, ten in a row. */
export async function samples(images: Images): Promise<Picture> {
  return sheetPicture(
    images,
    { columns: Math.min(10, images.count) },
    {
      name: "samples",
      title: "Samples",
      caption:
        "Decoded draws from the prior: images the model made up. The closer they come to the data, the better the latent codes of real images fill the prior.",
      alt: `${images.count} images decoded from random latent codes`,
      wide: false,
    },
  );
}

/** What a conditional decoder makes of the same draws for each class: a row a class, `columns` images in each. */
export async function classSamples(
  images: Images,
  columns: number,
  classes: readonly string[],
): Promise<Picture> {
  const rows = Math.ceil(images.count / columns);
  return sheetPicture(
    images,
    { columns, rowLabels: classes.slice(0, rows), labelSize: 26 },
    {
      name: "samples",
      title: "Samples of each class",
      caption:
        "Each row is a class that the decoder was told, each column one draw from the prior: what stays the same down a column is the style, which is what is left for the code to say.",
      alt: `${rows} rows of ${columns} images, a row a class and a column a latent code`,
      wide: false,
    },
  );
}

/** What one row of a sweep is about. */
export interface Swept {
  /** The latent dimension, from 0. */
  readonly dimension: number;
  /** Its mean KL divergence from the prior, in nats. */
  readonly kl: number;
}

/** Rows of `steps` images in which one latent goes from −`reach` to `reach`, and the others stay as they are. */
export async function sweeps(
  images: Images,
  steps: number,
  rows: readonly Swept[],
  reach: number,
): Promise<Picture> {
  return sheetPicture(
    images,
    {
      columns: steps,
      rowLabels: rows.map(({ dimension, kl }) => `latent ${dimension} · ${kl.toFixed(2)} nats`),
    },
    {
      name: "sweeps",
      title: "One latent at a time",
      caption: `The code of one test image, but for the latent of the row, which goes from −${reach} to ${reach} standard deviations of the prior. The latents that carry most come first, each with the KL divergence that says how much.`,
      alt: `${rows.length} rows of ${steps} images; in each row one latent dimension grows from left to right`,
      wide: true,
    },
  );
}

/** The decoded images of `latentGridCodes(side)`, in its order: `side` · `side` of them. */
export async function latentGrid(images: Images): Promise<Picture> {
  const side = Math.round(Math.sqrt(images.count));
  return sheetPicture(
    images,
    { columns: side, gap: 0 },
    {
      name: "latent-grid",
      title: "The latent plane, decoded",
      caption:
        "The first latent grows to the right and the second one upwards, both over the quantiles of the prior, so that every cell stands for the same share of it.",
      alt: `A grid of ${side} by ${side} decoded images that change gradually from one to the next`,
      wide: false,
    },
  );
}

/** Rows of `steps` images each, every row going from one image to another. */
export async function interpolations(images: Images, steps: number): Promise<Picture> {
  return sheetPicture(
    images,
    { columns: steps },
    {
      name: "interpolations",
      title: "Interpolations",
      caption:
        "Each row walks in a straight line from the latent code of one test image to that of another; every step along the way is decoded.",
      alt: `${Math.floor(images.count / steps)} rows of ${steps} images, each changing step by step from one image into another`,
      wide: true,
    },
  );
}

type Words = Pick<Picture, "name" | "title" | "caption" | "alt" | "wide">;

/** A sheet of images as a picture. */
export async function sheetPicture(images: Images, layout: SheetLayout, words: Words): Promise<Picture> {
  return { ...words, png: await encodePng(await contactSheet(images, layout)), panels: [] };
}

/** The images of all parts in one. */
function stack(parts: readonly Images[]): Images {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.data.length, 0));
  let end = 0;
  for (const part of parts) {
    bytes.set(part.data, end);
    end += part.data.length;
  }
  return new Images(parts[0]!.image, bytes);
}
