/** One image file to planes of pixels, by a browser's own decoder. */
import { fail } from "../../src/ir/error.ts";
import type { Dimensions } from "./dimensions.ts";
import { type Planes, planesOf } from "./planes.ts";

/** How images are brought to one form. */
export interface BitmapForm {
  readonly size: Dimensions;
  /** 1 for gray, 3 for colour; where nobody says, 1 if every image is gray. */
  readonly channels?: 1 | 3 | undefined;
}

/**
 * Decodes an image, laid on white where it is transparent, turned as its EXIF orientation says, and cut to the aspect
 * ratio of `size`. Pixels may differ by a little from those that Node's decoders and resizers give.
 *
 * Throws, naming `place` (the file), where the browser can't decode it.
 */
export async function decodeBitmap(
  file: Blob,
  place: string,
  { size, channels }: BitmapForm,
): Promise<Planes> {
  const bitmap = await createImageBitmap(file).catch(() =>
    fail(place, "is no image that this browser can read, or is damaged or cut short: convert it to .png"),
  );
  const { width, height } = size;
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })!;
  context.fillStyle = "white";
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = "high";
  const scale = Math.min(bitmap.width / width, bitmap.height / height);
  const [w, h] = [width * scale, height * scale];
  context.drawImage(bitmap, (bitmap.width - w) / 2, (bitmap.height - h) / 2, w, h, 0, 0, width, height);
  bitmap.close();
  return planesOf(context.getImageData(0, 0, width, height), channels);
}
