/** What each element of a linear code adds to an image. */
import { type ImageShape, Images, pixelsOf } from "../../src/data/images.ts";
import { sheetPicture } from "./grids.ts";
import type { Picture } from "./picture.ts";
import type { Rgb } from "./raster.ts";

const MOST = 100;
const NOTHING: Rgb = [247, 246, 243];
const MORE: Rgb = [38, 84, 178];
const LESS: Rgb = [205, 62, 42];

/**
 * The columns of a linear decoder's weight `[pixels, latent]` as images, those of `deviations` (the codes' standard
 * deviations, `[latent]`) that move the image most first. Each is scaled to its own largest weight: gray weights are
 * drawn in blue above zero and red below, those of colours around gray.
 */
export async function components(
  weight: Float32Array,
  image: ImageShape,
  deviations: ArrayLike<number>,
): Promise<Picture> {
  const [pixels, latent] = [pixelsOf(image), deviations.length];
  const columns = Array.from({ length: latent }, (_, j) => {
    const values = Float32Array.from({ length: pixels }, (_, i) => weight[i * latent + j]!);
    const norm = Math.hypot(...values);
    return { values, effect: norm * deviations[j]! };
  });
  const shown = columns.sort((a, b) => b.effect - a.effect).slice(0, MOST);
  const isGray = image.channels === 1;
  const drawn = { ...image, channels: isGray ? 3 : image.channels };
  const bytes = new Uint8Array(shown.length * pixelsOf(drawn));
  for (const [position, { values }] of shown.entries()) {
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
    const start = position * pixelsOf(drawn);
    for (const [i, value] of values.entries()) {
      const at = value / largest;
      if (!isGray) bytes[start + i] = Math.round(127.5 + 127.5 * at);
      else for (let c = 0; c < 3; c++) bytes[start + c * pixels + i] = shade(at, c);
    }
  }
  const which = shown.length < latent ? `The ${shown.length} of ${latent}` : `All ${latent}`;
  return sheetPicture(
    new Images(drawn, bytes),
    { columns: Math.min(shown.length, Math.ceil(Math.sqrt(shown.length))), gap: 4 },
    {
      name: "components",
      title: "What the code is made of",
      caption: `The decoder is linear: an image is a sum of these components, each as strong as its element of the code says. ${which}, those that move the image most first; ${isGray ? "blue adds to a pixel, red takes from it" : "gray leaves a pixel as it is"}.`,
      alt: `${shown.length} images of weights, one for each element of the code`,
      wide: false,
    },
  );
}

/** Between the colours of −1, 0 and 1. */
function shade(at: number, channel: number): number {
  const end = at < 0 ? LESS : MORE;
  return Math.round(NOTHING[channel]! + Math.abs(at) * (end[channel]! - NOTHING[channel]!));
}
