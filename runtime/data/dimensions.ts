/** The width and height in an image file's header, read before a decoder makes room for its pixels. */
import { hasWholeFrame } from "./gif.ts";

export interface Dimensions {
  readonly width: number;
  readonly height: number;
}

/**
 * The pixels that the header of a PNG, JPEG, BMP, GIF or TIFF file promises; undefined where it is none of these or
 * ends too early. A TIFF whose pixels lie beyond its end and a GIF whose codes are damaged are not taken for images
 * either: their decoders would not notice, or not end.
 */
export function dimensionsOf(bytes: Uint8Array): Dimensions | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    switch (view.getUint16(0)) {
      case 0x8950:
        return { width: view.getUint32(16), height: view.getUint32(20) };
      case 0xffd8:
        return jpeg(view);
      case 0x424d:
        return bmp(view);
      case 0x4749:
        if (!hasWholeFrame(view)) return undefined;
        return { width: view.getUint16(6, true), height: view.getUint16(8, true) };
      case 0x4949:
      case 0x4d4d:
        return tiff(view);
      default:
        return undefined;
    }
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Walks the segments to the frame header, SOF0 to SOF15 (ITU-T T.81, §B.2.2). */
function jpeg(view: DataView): Dimensions | undefined {
  for (let at = 2; view.getUint8(at) === 0xff; ) {
    const marker = view.getUint8(at + 1);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) return { height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
    at += marker === 0xff ? 1 : 2 + view.getUint16(at + 2);
  }
  return undefined;
}

/** A bitmap's height is negative where its rows run from top to bottom; a header of 12 bytes is OS/2's. */
function bmp(view: DataView): Dimensions {
  if (view.getUint32(14, true) === 12) {
    return { width: view.getUint16(18, true), height: view.getUint16(20, true) };
  }
  return { width: view.getInt32(18, true), height: Math.abs(view.getInt32(22, true)) };
}

const WIDTH = 256;
const HEIGHT = 257;
const STRIP_OFFSETS = 273;
const STRIP_LENGTHS = 279;
const TILE_OFFSETS = 324;
const TILE_LENGTHS = 325;
const tiffTags = [WIDTH, HEIGHT, STRIP_OFFSETS, STRIP_LENGTHS, TILE_OFFSETS, TILE_LENGTHS];

/** Reads the first directory (TIFF 6.0, §2): width, height, and where the strips or tiles lie. */
function tiff(view: DataView): Dimensions | undefined {
  const little = view.getUint8(0) === 0x49;
  const directory = view.getUint32(4, little);
  const tags = new Map<number, number[]>();
  for (let i = 0; i < view.getUint16(directory, little); i++) {
    const entry = directory + 2 + 12 * i;
    const tag = view.getUint16(entry, little);
    if (!tiffTags.includes(tag)) continue;
    const size = view.getUint16(entry + 2, little) === 3 ? 2 : 4;
    const count = view.getUint32(entry + 4, little);
    const start = count * size <= 4 ? entry + 8 : view.getUint32(entry + 8, little);
    if (start + count * size > view.byteLength) return undefined;
    const value = (_: unknown, k: number) =>
      size === 2 ? view.getUint16(start + 2 * k, little) : view.getUint32(start + 4 * k, little);
    tags.set(tag, Array.from({ length: count }, value));
  }
  const offsets = tags.get(STRIP_OFFSETS) ?? tags.get(TILE_OFFSETS) ?? [];
  const lengths = tags.get(STRIP_LENGTHS) ?? tags.get(TILE_LENGTHS) ?? [];
  if (offsets.some((offset, i) => offset + (lengths[i] ?? 0) > view.byteLength)) return undefined;
  const width = tags.get(WIDTH)?.[0];
  const height = tags.get(HEIGHT)?.[0];
  return width === undefined || height === undefined ? undefined : { width, height };
}
