/** Decoded pixels to planes, and planes to one batch. */
import { Images } from "../../src/data/images.ts";
import type { Dimensions } from "./dimensions.ts";

/** Bytes `[channels, height, width]`: one plane of a gray image, three (red, green, blue) of a coloured one. */
export interface Planes extends Dimensions {
  readonly channels: 1 | 3;
  readonly data: Uint8Array;
}

/** Composites RGBA pixels on white, in place. */
export function layOnWhite(rgba: Uint8Array): void {
  for (let i = 0; i < rgba.length; i += 4) {
    const alpha = rgba[i + 3]! / 255;
    if (alpha === 1) continue;
    for (let c = i; c < i + 3; c++) rgba[c] = Math.round(255 + (rgba[c]! - 255) * alpha);
    rgba[i + 3] = 255;
  }
}

/** The planes of RGBA pixels: gray where `wanted` or where they all are, by Rec. 601 luma. */
export function planesOf(
  { width, height, data }: Dimensions & { readonly data: Uint8Array | Uint8ClampedArray },
  wanted: 1 | 3 | undefined,
): Planes {
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

/** One batch of all these images; a gray plane serves as red, green and blue where there are three channels. */
export function assemble(planes: readonly Planes[], channels: 1 | 3): Images {
  const { width, height } = planes[0]!;
  const data = new Uint8Array(planes.length * channels * width * height);
  let at = 0;
  for (const image of planes) {
    for (let c = 0; c < channels; c += image.channels) {
      data.set(image.data, at);
      at += image.data.length;
    }
  }
  return new Images({ channels, height, width }, data);
}
