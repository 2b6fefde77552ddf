/** Opaque pixels in memory, and their PNG. */

/** Red, green and blue, 0–255. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** `data` is RGBA bytes, row-major `[height, width, 4]`, alpha 255 throughout. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** A raster of one colour. */
export function blank(width: number, height: number, [red, green, blue]: Rgb): Raster {
  const data = new Uint8Array(width * height * 4);
  for (let i = 0; i < data.length; i += 4) {
    data[i] = red;
    data[i + 1] = green;
    data[i + 2] = blue;
    data[i + 3] = 255;
  }
  return { width, height, data };
}

/** Copies `source` onto `target`, its top left corner at (`left`, `top`); it has to fit. */
export function paste(target: Raster, source: Raster, left: number, top: number): void {
  for (let y = 0; y < source.height; y++) {
    const row = source.data.subarray(y * source.width * 4, (y + 1) * source.width * 4);
    target.data.set(row, ((top + y) * target.width + left) * 4);
  }
}

/** The raster as a PNG file, without its alpha channel. */
export async function encodePng({ width, height, data }: Raster): Promise<Uint8Array> {
  const { Jimp, PNGColorType } = await import("jimp");
  const image = Jimp.fromBitmap({
    width,
    height,
    data: Buffer.from(data.buffer, data.byteOffset, data.length),
  });
  return image.getBuffer("image/png", { colorType: PNGColorType.COLOR });
}
