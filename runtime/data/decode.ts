/** One image file's bytes to planes of pixels. */
import type { Jimp } from "jimp";
import { fail } from "../../src/ir/error.ts";
import { type Dimensions, dimensionsOf } from "./dimensions.ts";

/** The most pixels that an image may have, lest one file fill the memory: 64 megapixels. */
const PIXEL_LIMIT = 2 ** 26;

/** How images are brought to one form. */
export interface ImageForm {
  /** The width and height, in pixels, that every image is resized to; as they are, where nobody says. */
  readonly size?: Dimensions | undefined;
  /** 1 for gray, 3 for colour; where nobody says, 1 if every image is gray. */
  readonly channels?: 1 | 3 | undefined;
}

/** Bytes `[channels, height, width]`: one plane of a gray image, three (red, green, blue) of a coloured one. */
export interface Planes extends Dimensions {
  readonly channels: 1 | 3;
  readonly data: Uint8Array;
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
  const picture = await decode(bytes, place);
  layOnWhite(picture.bitmap.data);
  if (form.size !== undefined) cover(picture, form.size);
  return toPlanes(picture, form.channels);
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

/** Composites RGBA pixels on white, in place. */
function layOnWhite(rgba: Uint8Array): void {
  for (let i = 0; i < rgba.length; i += 4) {
    const alpha = rgba[i + 3]! / 255;
    if (alpha === 1) continue;
    for (let c = i; c < i + 3; c++) rgba[c] = Math.round(255 + (rgba[c]! - 255) * alpha);
    rgba[i + 3] = 255;
  }
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

function toPlanes({ bitmap: { width, height, data } }: Picture, wanted: 1 | 3 | undefined): Planes {
  const size = width * height;
  const planes = new Uint8Array(3 * size);
  let isGray = true;
  for (let i = 0; i < size; i++) {
    const red = data[4 * i]!;
    const green = data[4 * i + 1]!;
    const blue = data[4 * i + 2]!;
    if (red !== green || green !== blue) isGray = false;
    planes[i] = wanted === 1 ? Math.round(0.299 * red + 0.587 * green + 0.114 * blue) : red;
    planes[size + i] = green;
    planes[2 * size + i] = blue;
  }
  const channels = isGray || wanted === 1 ? 1 : 3;
  return { width, height, channels, data: planes.slice(0, channels * size) };
}
