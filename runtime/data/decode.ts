/** One image file's bytes to planes of pixels. */
import type { Jimp } from "jimp";
import { fail } from "../../src/ir/error.ts";
import { type Dimensions, dimensionsOf } from "./dimensions.ts";
import { layOnWhite, type Planes, planesOf } from "./planes.ts";
import { requireNoBomb } from "./png.ts";

/** The most pixels that an image may have, lest one file fill the memory: 64 megapixels. */
const PIXEL_LIMIT = 2 ** 26;

/** How images are brought to one form. */
export interface ImageForm {
  /** The width and height, in pixels, that every image is resized to; as they are, where nobody says. */
  readonly size?: Dimensions | undefined;
  /** 1 for gray, 3 for colour; where nobody says, 1 if every image is gray. */
  readonly channels?: 1 | 3 | undefined;
}

type Picture = Awaited<ReturnType<typeof Jimp.fromBuffer>>;

/**
 * Decodes a PNG, JPEG, BMP, GIF (its first frame) or TIFF (its first page), turned as its EXIF orientation says.
 * Transparent images are laid on white. Resizing cuts the longer side to the new aspect ratio, alike on both ends,
 * then averages areas (downwards) or interpolates bilinearly (upwards). Colour turns to gray by Rec. 601 luma.
 *
 * Throws, naming `place` (the file), where it is damaged or too large.
 */
export async function decodeImage(bytes: Uint8Array, place: string, form: ImageForm): Promise<Planes> {
  if (bytes.length === 0) fail(place, "is an empty file");
  const promised = dimensionsOf(bytes);
  if (promised === undefined) fail(place, "is no image that can be read, or is damaged or cut short");
  if (promised.width * promised.height > PIXEL_LIMIT) {
    fail(
      place,
      `is too large: ${promised.width}×${promised.height} pixels, and at most ${PIXEL_LIMIT} are read`,
    );
  }
  requireNoBomb(bytes, place);
  const picture = await decode(bytes, place);
  layOnWhite(picture.bitmap.data);
  if (form.size !== undefined) cover(picture, form.size);
  return planesOf(picture.bitmap, form.channels);
}

async function decode(bytes: Uint8Array, place: string): Promise<Picture> {
  const { Jimp } = await import("jimp");
  // Left tolerant, the JPEG decoder would fill what is missing of a file with gray.
  const options = { "image/jpeg": { tolerantDecoding: false, maxMemoryUsageInMB: 4096 } };
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    const picture = await Jimp.fromBuffer(buffer, options);
    const { width, height, data } = picture.bitmap;
    if (width > 0 && height > 0 && data.length === 4 * width * height) return picture;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    fail(place, `is damaged or cut short (${reason.split("\n")[0]})`);
  }
  return fail(place, "is damaged: its pixels do not fill its size");
}

/** Resizes to exactly `size`, keeping the aspect ratio of the middle. */
function cover(picture: Picture, size: Dimensions): void {
  const { width, height } = picture.bitmap;
  if (width === size.width && height === size.height) return;
  const scale = Math.min(width / size.width, height / size.height);
  const w = Math.max(1, Math.round(size.width * scale));
  const h = Math.max(1, Math.round(size.height * scale));
  picture.crop({ x: Math.floor((width - w) / 2), y: Math.floor((height - h) / 2), w, h });
  picture.resize({ w: size.width, h: size.height });
}
