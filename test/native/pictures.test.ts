/** The pictures made of images, and the numbers that they need: geometry to the pixel, quantiles to the digit. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { latentGridCodes } from "../../runtime/pictures/codes.ts";
import { components } from "../../runtime/pictures/components.ts";
import {
  classSamples,
  denoised,
  interpolations,
  latentGrid,
  reconstructions,
  samples,
  sweeps,
} from "../../runtime/pictures/grids.ts";
import { normalQuantile } from "../../runtime/pictures/normal.ts";
import { principalPlane } from "../../runtime/pictures/plane.ts";
import { encodePng } from "../../runtime/pictures/raster.ts";
import { contactSheet, sheetGeometry } from "../../runtime/pictures/sheet.ts";
import { Images } from "../../src/data/images.ts";

import { opaque, patterns, pixelReader } from "../support/pictures.ts";

describe("contact sheet", () => {
  test.each([1, 3])("every pixel of every image becomes a square (%i channels)", async (channels) => {
    const images = patterns(5, channels);
    const layout = { columns: 2, scale: 4, gap: 3 };
    const geometry = sheetGeometry(images.image, images.count, layout);
    const png = await pixelReader(await encodePng(await contactSheet(images, layout)));
    expect([png.width, png.height]).toEqual([geometry.width, geometry.height]);
    expect(geometry.left(1) - geometry.left(0)).toBe(3 * 4 + 3);
    expect(geometry.top(2) - geometry.top(0)).toBe(2 * (2 * 4 + 3));
    const background = png.at(0, 0);
    for (let i = 0; i < images.count; i++) {
      const left = geometry.left(i % 2);
      const top = geometry.top(Math.floor(i / 2));
      for (let y = 0; y < 2 * 4; y++)
        for (let x = 0; x < 3 * 4; x++) {
          const byte = (channel: number) =>
            images.data[((i * channels + (channels === 3 ? channel : 0)) * 2 + (y >> 2)) * 3 + (x >> 2)]!;
          expect(png.at(left + x, top + y)).toBe(opaque(byte(0), byte(1), byte(2)));
        }
      expect(png.at(left - 1, top)).toBe(background);
      expect(png.at(left + 3 * 4, top)).toBe(background);
      expect(png.at(left, top + 2 * 4)).toBe(background);
    }
    expect(png.at(geometry.left(1), geometry.top(2))).toBe(background);
  });

  test("without a scale, a sheet is about a thousand pixels wide", () => {
    const mnist = { channels: 1, height: 28, width: 28 };
    for (const columns of [8, 10, 12, 16, 20]) {
      const { width } = sheetGeometry(mnist, 100, { columns });
      expect(width).toBeGreaterThan(750);
      expect(width).toBeLessThan(1400);
    }
  });

  test("labelled rows make sets, and the labels stand left of the images", async () => {
    const images = patterns(8, 1);
    const layout = { columns: 2, scale: 12, gap: 2, rowLabels: ["above", "below"] };
    const sheet = await contactSheet(images, layout);
    const plain = sheetGeometry(images.image, images.count, layout);
    expect(plain.top(2) - plain.top(1)).toBeGreaterThan(plain.top(1) - plain.top(0));
    expect(sheet.height).toBe(plain.height);
    expect(sheet.width).toBeGreaterThan(plain.width + 20);
    const labelColumn = Array.from({ length: sheet.height * 30 }, (_, i) => {
      const at = 4 * (Math.floor(i / 30) * sheet.width + 12 + (i % 30));
      return sheet.data[at]!;
    });
    expect(Math.max(...labelColumn)).toBeGreaterThan(120);
  });
});

describe("pictures of images", () => {
  test("a reconstruction lies under its original", async () => {
    const originals = patterns(10, 1);
    const reversed = originals.pick([9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
    const picture = await reconstructions(originals, reversed);
    const png = await pixelReader(picture.png);
    const { columns, scale } = { columns: 10, scale: Math.round(1000 / 30) };
    const left = (column: number) =>
      png.width - 12 - (columns - column) * 3 * scale - (columns - column - 1) * 2;
    const [top, below] = [12, 12 + 2 * scale + 2];
    for (let column = 0; column < columns; column++) {
      const [original, reconstruction] = [originals.data[column * 6]!, reversed.data[column * 6]!];
      expect(png.at(left(column), top)).toBe(opaque(original, original, original));
      expect(png.at(left(column), below)).toBe(opaque(reconstruction, reconstruction, reconstruction));
    }
  });

  test("samples, latent grid and interpolations are sheets of the expected shape", async () => {
    const grid = await pixelReader((await latentGrid(patterns(16, 1))).png);
    const scale = Math.round(1000 / 12);
    expect([grid.width, grid.height]).toEqual([24 + 4 * 3 * scale, 24 + 4 * 2 * scale]);
    expect(grid.at(12 + 3 * scale, 12)).toBe(opaque(222, 222, 222)); // no gap: byte 6 of the images is 6 · 37
    const few = await pixelReader((await samples(patterns(4, 3))).png);
    expect(few.width).toBe(24 + 4 * 3 * scale + 3 * 2);
    const walks = await interpolations(patterns(12, 1), 4);
    expect(walks.alt).toContain("3 rows of 4 images");
  });
});

describe("pictures of what some models have", () => {
  test("the classes' names stand left of their rows, and the last row may be short", async () => {
    const picture = await classSamples(patterns(5, 1), 2, ["cat", "dog", "frog", "newt"]);
    expect(picture.alt).toContain("3 rows of 2 images");
    const { width } = await pixelReader(picture.png);
    expect(width).toBeGreaterThan(24 + 2 * 3 * Math.round(1000 / 6) + 2 + 30);
  });

  test("of 17 images and their two copies every one is drawn, three under one another", async () => {
    const images = new Images({ channels: 1, height: 2, width: 3 }, new Uint8Array(17 * 6).fill(255));
    const png = await pixelReader((await denoised(images, images, images)).png);
    const scale = Math.round(1000 / (9 * 3));
    let white = 0;
    for (let y = 0; y < png.height; y++)
      for (let x = png.width - 12 - 9 * (3 * scale + 2); x < png.width; x++)
        if (png.at(x, y) === opaque(255, 255, 255)) white++;
    expect(white).toBe(3 * 17 * 6 * scale ** 2);
  });

  test("a sweep names the latent of each row, and what it carries", async () => {
    const swept = [
      { dimension: 3, kl: 2.5 },
      { dimension: 0, kl: 0.1 },
    ];
    const { alt, caption } = await sweeps(patterns(10, 1), 5, swept, 3);
    expect(alt).toContain("2 rows of 5 images");
    expect(caption).toContain("from −3 to 3 standard deviations");
  });

  test("components: the strongest first, blue above zero and red below, each to its own scale", async () => {
    const image = { channels: 1, height: 1, width: 2 };
    // Columns (0.1, 0) and (2, −1): the second moves the image more, unless the codes hardly differ in it.
    const weight = Float32Array.of(0.1, 2, 0, -1);
    const colours = async (deviations: number[]) => {
      const png = await pixelReader((await components(weight, image, deviations)).png);
      const scale = Math.round(1000 / 4);
      return [0, 1, 2, 3].map((i) => png.at(12 + i * scale + 4 * Math.floor(i / 2) + 1, 13));
    };
    const [blue, nothing, red] = [opaque(38, 84, 178), opaque(247, 246, 243), opaque(226, 154, 142)];
    const [more, less, other, none] = await colours([1, 1]);
    expect([more, other, none]).toEqual([blue, blue, nothing]);
    expect(Math.abs(((less! >>> 24) & 255) - ((red >>> 24) & 255))).toBeLessThan(2);
    expect(await colours([1, 0.01])).toEqual([blue, nothing, blue, less]);
  });
});

describe("normal quantile", () => {
  // References: Newton's method on the tail's series and continued fraction, in 60 digits.
  test.each([
    [1e-300, -37.0470962993612],
    [1e-20, -9.262340089798407],
    [1e-9, -5.997807015007687],
    [0.001, -3.0902323061678136],
    [0.025, -1.9599639845400543],
    [0.075, -1.4395314709384559],
    [0.25, -0.6744897501960817],
    [0.375, -0.3186393639643751],
    [0.5, 0],
    [0.8413447460685429, 0.9999999999999999],
    [0.95, 1.6448536269514722],
    [0.999, 3.0902323061678132],
  ])("of %d is %d", (probability, quantile) => {
    const error = Math.abs(normalQuantile(probability) - quantile);
    expect(error).toBeLessThanOrEqual(1e-15 * Math.abs(quantile));
  });

  test("is odd about one half and grows", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 0.4999, noNaN: true }), (p) => {
        expect(normalQuantile(1 - p)).toBeCloseTo(-normalQuantile(p), 8);
        expect(normalQuantile(p)).toBeLessThan(normalQuantile(p + 1e-5));
      }),
    );
  });

  test.each([0, 1, -0.5, Number.NaN])("throws for %d", (probability) => {
    expect(() => normalQuantile(probability)).toThrow(/normalQuantile: probability .* is not in \(0, 1\)/);
  });
});

describe("codes to decode", () => {
  test("the latent grid: first latent to the right, second upwards, both symmetric about zero", () => {
    const codes = latentGridCodes(4);
    const outer = Math.fround(1.15034938037601);
    const inner = Math.fround(0.318639363964375);
    expect([...codes.subarray(0, 8)]).toEqual([-outer, outer, -inner, outer, inner, outer, outer, outer]);
    expect([...codes.subarray(24, 26)]).toEqual([-outer, -outer]);
  });
});

describe("principal plane", () => {
  /** Six points whose covariance has exactly these variances along three orthonormal axes. */
  const axes = [
    [2 / 3, 2 / 3, 1 / 3],
    [-2 / 3, 1 / 3, 2 / 3],
    [1 / 3, -2 / 3, 2 / 3],
  ];
  const variances = [1, 9, 4];
  const codes = Float32Array.from(
    variances.flatMap((variance, axis) =>
      [1, -1].flatMap((sign) => axes[axis]!.map((x, i) => sign * Math.sqrt(3 * variance) * x + 5 * i)),
    ),
  );

  test("finds the two axes of most variance, and their shares", () => {
    const { points, share } = principalPlane(codes, 6, 3);
    expect(share[0]).toBeCloseTo(9 / 14, 6);
    expect(share[1]).toBeCloseTo(4 / 14, 6);
    const first = Math.sqrt(27);
    const second = Math.sqrt(12);
    const expected = [0, 0, 0, 0, first, 0, -first, 0, 0, second, 0, -second];
    // The largest coordinate of an axis is positive: of the first, −2/3 ties with 2/3, so only its size is known.
    for (const [i, value] of points.entries()) expect(Math.abs(value)).toBeCloseTo(Math.abs(expected[i]!), 4);
    expect(points[4]).toBeCloseTo(-points[6]!, 4);
  });

  test("points on a line have no second component; one point and one dimension none at all", () => {
    const line = Float32Array.from({ length: 40 }, (_, i) => Math.floor(i / 4) * ((i % 4) + 1));
    const { points, share } = principalPlane(line, 10, 4);
    expect(share[0]).toBeCloseTo(1, 9);
    expect(share[1]).toBe(0);
    expect(points.filter((_, i) => i % 2 === 1).every((value) => value === 0)).toBe(true);
    expect(principalPlane(Float32Array.of(3, 4, 5), 1, 3)).toEqual({
      points: new Float32Array(2),
      share: [0, 0],
    });
    expect(principalPlane(Float32Array.of(-1, 1), 2, 1).share).toEqual([1, 0]);
  });
});
