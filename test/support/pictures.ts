/** Images to draw, and pixels to read back from what was drawn. */
import { crc32, deflateSync } from "node:zlib";
import { Jimp } from "jimp";
import type { EpochLosses } from "../../runtime/pictures/losses.ts";
import { drawDigits } from "../../src/data/digits/digits.ts";
import { Images } from "../../src/data/images.ts";

/** Images of 3 × 2 pixels in which every byte differs from its neighbours. */
export function patterns(count: number, channels: number): Images {
  const image = { channels, height: 2, width: 3 };
  return new Images(
    image,
    Uint8Array.from({ length: count * channels * 6 }, (_, i) => (i * 37) % 256),
  );
}

/** The colour of a pixel as `0xrrggbbaa`. */
export async function pixelReader(png: Uint8Array) {
  const picture = await Jimp.read(Buffer.from(png));
  return {
    width: picture.width,
    height: picture.height,
    at: (x: number, y: number) => picture.getPixelColor(x, y),
  };
}

export const opaque = (red: number, green: number, blue: number) =>
  ((red << 24) | (green << 16) | (blue << 8) | 255) >>> 0;

/** Losses that fall from epoch to epoch; `kl` is null where there is no such term. */
export function epochsOf(count: number, kl: number | null = 25): EpochLosses[] {
  return Array.from({ length: count }, (_, i) => {
    const reconstruction = 80 + 60 / (i + 1);
    const train = { loss: reconstruction + (kl ?? 0), reconstruction, kl };
    return { epoch: i + 1, train, validation: { ...train, loss: train.loss + 1 } };
  });
}

/** A drawn digit, as images and as a PNG. */
export async function digitPng(seed: number): Promise<{ readonly images: Images; readonly png: Buffer }> {
  const { images } = drawDigits(1, seed);
  const { width, height } = images.image;
  // Jimp reads the memory under a Buffer from its beginning, so it is to be one of its own.
  const data = Buffer.alloc(4 * width * height);
  data.set([...images.data].flatMap((value) => [value, value, value, 255]));
  return { images, png: await Jimp.fromBitmap({ width, height, data }).getBuffer("image/png") };
}

function chunk(type: string, data: Uint8Array): Buffer {
  const named = Buffer.concat([Buffer.from(type), data]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  check.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, check]);
}

/** A gray PNG that says one size and holds other pixels. */
export function lyingPng(width: number, height: number, pixels: Uint8Array, interlaced = false): Buffer {
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, Number(interlaced)]);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const data = chunk("IDAT", deflateSync(pixels));
  return Buffer.concat([signature, chunk("IHDR", header), data, chunk("IEND", new Uint8Array())]);
}
