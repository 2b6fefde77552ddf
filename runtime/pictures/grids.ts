/** The pictures made of images: reconstructions, samples, the latent grid, interpolations. */
import { Images } from "../../src/data/images.ts";
import type { Picture } from "./picture.ts";
import { encodePng } from "./raster.ts";
import { contactSheet, type SheetLayout } from "./sheet.ts";

const WIDEST_ROW = 1100;

/** Images beside what the model makes of them; both hold the same number, in the same order. */
export async function reconstructions(originals: Images, reconstructed: Images): Promise<Picture> {
  const columns = Math.min(16, originals.count, Math.max(4, Math.floor(WIDEST_ROW / originals.image.width)));
  const pairs = Math.floor(originals.count / columns);
  const rows = Array.from({ length: pairs }, (_, pair) => [
    originals.slice(pair * columns, (pair + 1) * columns),
    reconstructed.slice(pair * columns, (pair + 1) * columns),
  ]);
  return sheetPicture(
    stack(rows.flat()),
    { columns, rowLabels: ["original", "reconstruction"] },
    {
      name: "reconstructions",
      title: "Reconstructions",
      caption:
        "Images the model was not trained on, and under each what is left of it after it went through the latent code.",
      alt: `${pairs * columns} test images in rows, each row above the row of their reconstructions`,
      wide: true,
    },
  );
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

async function sheetPicture(images: Images, layout: SheetLayout, words: Words): Promise<Picture> {
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
