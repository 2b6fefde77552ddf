/** The pictures and the report: geometry to the pixel, numbers to the digit, and pages that load nothing. */
import fc from "fast-check";
import { Jimp } from "jimp";
import { describe, expect, test } from "vitest";
import { latentGridCodes } from "../../runtime/pictures/codes.ts";
import { klPerDimension } from "../../runtime/pictures/divergence.ts";
import { interpolations, latentGrid, reconstructions, samples } from "../../runtime/pictures/grids.ts";
import { type EpochLosses, lossCurves } from "../../runtime/pictures/losses.ts";
import { normalQuantile } from "../../runtime/pictures/normal.ts";
import { principalPlane } from "../../runtime/pictures/plane.ts";
import { formatBytes, formatDuration, formatNats } from "../../runtime/pictures/quantity.ts";
import { encodePng } from "../../runtime/pictures/raster.ts";
import { renderReport } from "../../runtime/pictures/report.ts";
import type { ReportData } from "../../runtime/pictures/report-data.ts";
import { latentScatter } from "../../runtime/pictures/scatter.ts";
import { contactSheet, sheetGeometry } from "../../runtime/pictures/sheet.ts";
import { Images } from "../../src/data/images.ts";
import { Random } from "../../src/data/random.ts";

/** Images of 3 × 2 pixels in which every byte differs from its neighbours. */
function patterns(count: number, channels: number): Images {
  const image = { channels, height: 2, width: 3 };
  return new Images(
    image,
    Uint8Array.from({ length: count * channels * 6 }, (_, i) => (i * 37) % 256),
  );
}

/** The colour of a pixel as `0xrrggbbaa`. */
async function pixelReader(png: Uint8Array) {
  const picture = await Jimp.read(Buffer.from(png));
  return {
    width: picture.width,
    height: picture.height,
    at: (x: number, y: number) => picture.getPixelColor(x, y),
  };
}

const opaque = (red: number, green: number, blue: number) =>
  ((red << 24) | (green << 16) | (blue << 8) | 255) >>> 0;

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

function epochsOf(count: number, kl: number | null = 25): EpochLosses[] {
  return Array.from({ length: count }, (_, i) => {
    const reconstruction = 80 + 60 / (i + 1);
    const train = { loss: reconstruction + (kl ?? 0), reconstruction, kl };
    return { epoch: i + 1, train, validation: { ...train, loss: train.loss + 1 } };
  });
}

const circles = (svg: string) => svg.match(/<circle /g)?.length ?? 0;

describe("charts", () => {
  const count = 300;
  const codes = new Random(1, "codes").fillNormal(new Float32Array(count * 3));
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 3);
  const classes = ["cat", "<b>dog</b>", "frog"];

  test("the loss curves have a panel a term and a dot an epoch and series", async () => {
    const { panels, caption, png } = await lossCurves(epochsOf(10));
    expect(panels.map(circles)).toEqual([20, 20, 20]);
    expect(caption).toContain("fell from 166.0 nats after epoch 1 to 112.0 after epoch 10");
    const { width, height } = await pixelReader(png);
    expect(width).toBeGreaterThan(2 * height);
  });

  test("one epoch, and a loss without parts, are drawn too", async () => {
    const { panels } = await lossCurves(epochsOf(1, null));
    expect(panels.map(circles)).toEqual([2]);
    expect(panels[0]).not.toContain("NaN");
  });

  test("the scatter plot has a dot a code, in the colours of the classes, and names them", async () => {
    const { panels, caption } = await latentScatter({ codes, count, dimensions: 3, labels, classes });
    const svg = panels[0]!;
    expect(circles(svg)).toBe(count);
    expect(svg.match(/<circle [^>]*fill="#efb118"/g)).toHaveLength(count / 3);
    for (const name of ["cat", "frog", "&lt;b&gt;dog&lt;/b&gt;"]) expect(svg).toContain(`>${name}</text>`);
    expect(svg).not.toContain("<b>");
    expect(caption).toContain("The 3 latent dimensions");
  });

  test("without labels the dots have one colour and there is no legend", async () => {
    const plane = { codes: codes.subarray(0, 2 * count), count, dimensions: 2, labels: null, classes };
    const svg = (await latentScatter(plane)).panels[0]!;
    expect(circles(svg)).toBe(count);
    expect(svg).not.toContain("frog");
    expect(svg).toContain(">first latent</text>");
  });

  test("the KL chart has a bar a dimension, in falling order, and counts those in use", async () => {
    const { panels, caption } = await klPerDimension([0.5, 2, 0.001, 1]);
    const heights = [...panels[0]!.matchAll(/<rect [^>]*height="([\d.]+)"/g)].map((match) =>
      Number(match[1]),
    );
    expect(heights).toHaveLength(4);
    expect(heights).toEqual(heights.toSorted((a, b) => b - a));
    expect(caption).toContain("3 of 4 are in use; the other one says");
  });

  test("coordinates are cut to hundredths, the numbers at the axes are not", async () => {
    const { panels } = await klPerDimension([0.004, 0.002, 0.001]);
    expect(panels[0]).toContain(">0.004</text>");
    expect(panels[0]).not.toMatch(/="[^"]*\d\.\d{3}/);
  });

  test("a chart is a document of its own, and its PNG has text drawn in a font of ours", async () => {
    const { panels, png } = await klPerDimension([1, 2]);
    expect(panels[0]).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" /);
    const { width, at } = await pixelReader(png);
    const title = Array.from({ length: (width / 2) * 30 }, (_, i) =>
      at(32 + (i % (width / 2)), 60 + Math.floor(i / (width / 2))),
    );
    expect(title.filter((color) => color === opaque(0x27, 0x2c, 0x33)).length).toBeGreaterThan(200);
  });
});

describe("report", () => {
  const bare: ReportData = {
    name: "bare",
    description: "vae · 784-400-20",
    unit: "nats",
    finished: null,
    headline: { test: null, epochs: 0, seconds: 0, imagesPerSecond: null, device: "cpu" },
    pictures: [],
    data: null,
    settings: [],
    files: [],
    commands: [],
    model: null,
  };

  async function full(): Promise<ReportData> {
    const images = patterns(4, 1);
    return {
      ...bare,
      finished: new Date(Date.UTC(2025, 2, 1, 12, 30)),
      headline: {
        test: { loss: 105.42, reconstruction: 80.31, kl: 25.11 },
        epochs: 10,
        seconds: 125,
        imagesPerSecond: 49812,
        device: "cpu (2 threads)",
      },
      pictures: [
        await lossCurves(epochsOf(3)),
        await samples(images),
        await klPerDimension([1, 2]),
        await latentGrid(images),
      ],
      data: {
        name: "digits",
        image: images.image,
        classes: null,
        fingerprint: "ab".repeat(32),
        splits: [{ name: "train", count: 54000, origin: "digits[0:54000]" }],
      },
      settings: [
        { title: "Training", values: { optimizer: { kind: "adam", betas: [0.9, 0.999] }, clip: null } },
      ],
      files: [{ name: "encoder.onnx", bytes: 1331245, purpose: "image to code" }],
      commands: ["isthmus train --data digits"],
      model: { image: images.image, latent: 20, outputs: ["mean", "log_variance"] },
    };
  }

  /** Tags that were opened and not closed, or closed and not opened. */
  function unbalanced(page: string): string[] {
    const open: string[] = [];
    const bad: string[] = [];
    for (const [, slash, tag, rest] of page.matchAll(/<(\/?)([a-z][a-z0-9]*)\b([^>]*)>/gi)) {
      if (["meta", "link", "img", "br"].includes(tag!) || rest!.endsWith("/")) continue;
      if (slash === "") open.push(tag!);
      else if (open.pop() !== tag) bad.push(tag!);
    }
    return [...bad, ...open];
  }

  test("says what it was given", async () => {
    const page = renderReport(await full());
    for (const text of [
      "105.4",
      "80.3 reconstruction",
      "25.1 KL divergence",
      "49,812",
      "2 min 5 s",
      "cpu (2 threads)",
      "54,000",
      "digits[0:54000]",
      "optimizer.kind",
      "0.9, 0.999",
      "1.3 MB",
      "isthmus train --data digits",
      "2025-03-01, 12:30 UTC",
      "mean, log_variance = encoder.run",
      "const { mean } = await encoder.run",
      "ab".repeat(32),
    ])
      expect(page).toContain(text);
    expect(unbalanced(page)).toEqual([]);
    expect(page.match(/<figure /g)).toHaveLength(4);
    expect(page.match(/<img [^>]*alt="[^"]+"/g)).toHaveLength(2);
    expect(page.match(/role="img" aria-label="[^"]+"/g)).toHaveLength(2);
  });

  test("loads nothing and runs nothing", async () => {
    const page = renderReport(await full());
    expect(page).not.toMatch(/<script|<iframe|@import|@font-face/i);
    expect(page).not.toMatch(/(src|href|action|poster)\s*=\s*["']?(?!data:|["']?data:)/i);
    expect(page).not.toMatch(/url\((?!["']?data:)/i);
    expect(
      page.match(/https?:\/\/[^\s"'<)]+/g)?.filter((url) => url !== "http://www.w3.org/2000/svg"),
    ).toEqual([]);
  });

  test("is whole where everything optional is missing", () => {
    const page = renderReport(bare);
    expect(unbalanced(page)).toEqual([]);
    expect(page).toContain("<h1>bare</h1>");
    expect(page).not.toMatch(/undefined|null|NaN|<figure|<h2|<table|images per second|training time/);
  });

  test("escapes every text", async () => {
    const evil = `<script>alert("x")</script>&'`;
    const data = await full();
    const picture = data.pictures[1]!;
    const page = renderReport({
      ...data,
      name: evil,
      description: evil,
      headline: { ...data.headline, device: evil },
      pictures: [{ ...picture, name: evil, title: evil, caption: evil, alt: evil }],
      data: {
        ...data.data!,
        name: evil,
        fingerprint: evil,
        splits: [{ name: evil, count: 1, origin: evil }],
      },
      settings: [{ title: evil, values: { [evil]: evil, list: [evil] } }],
      files: [{ name: evil, bytes: 1, purpose: evil }],
      commands: [evil],
      model: { ...data.model!, outputs: [evil] },
    });
    expect(page).not.toMatch(/<script|alert\("x"\)|&'/);
    expect(
      page.match(/&#60;script&#62;alert\(&#34;x&#34;\)&#60;\/script&#62;&#38;&#39;/g)!.length,
    ).toBeGreaterThan(18);
    expect(unbalanced(page)).toEqual([]);
  });

  test("does not claim that weighted terms add up", async () => {
    const data = await full();
    const test = { loss: 180.75, reconstruction: 80.31, kl: 25.11 };
    expect(renderReport({ ...data, headline: { ...data.headline, test } })).toContain("weighted in the loss");
    expect(renderReport(data)).not.toContain("weighted in the loss");
  });

  test("writes quantities as people do", () => {
    expect([812, 1331245, 999_949, 999_950].map(formatBytes)).toEqual([
      "812 bytes",
      "1.3 MB",
      "999.9 kB",
      "1.0 MB",
    ]);
    expect([8.44, 59.97, 125, 4320].map(formatDuration)).toEqual([
      "8.4 s",
      "1 min 0 s",
      "2 min 5 s",
      "1 h 12 min",
    ]);
    expect([105.42, 5.1234, 0.0123].map(formatNats)).toEqual(["105.4", "5.12", "0.0123"]);
  });
});
