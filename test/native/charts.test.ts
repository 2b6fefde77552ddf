import { describe, expect, test } from "vitest";
import { codeUsage, unitActivity } from "../../runtime/pictures/activity.ts";
import { klPerDimension } from "../../runtime/pictures/divergence.ts";
import { lossCurves } from "../../runtime/pictures/losses.ts";
import { latentScatter } from "../../runtime/pictures/scatter.ts";
import { Random } from "../../src/data/random.ts";

import { epochsOf, opaque, pixelReader } from "../support/pictures.ts";

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

  test("the penalty is called by its name, or has it beside the axis where it is long", async () => {
    const short = await lossCurves(epochsOf(2), { measure: "nats per line", penalty: "MMD to the prior" });
    expect(short.panels[2]).toContain(">MMD to the prior</text>");
    expect(short.panels[2]).toContain(">nats per line</text>");
    const penalty = "squared norm of the encoder's Jacobian";
    const long = await lossCurves(epochsOf(2), { measure: "squared error per image", penalty });
    expect(long.panels[2]).toContain(">Penalty</text>");
    expect(long.panels[2]).toContain(">squared norm of the encoder's Jacobian</text>");
    expect(long.alt).toContain(penalty);
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

  test("the chart of units has their means, and counts those that are active at a time and ever", async () => {
    // Of three units on two images: one always active, one once, one never (−0.05 is within a tenth of 1).
    const { panels, caption } = await unitActivity(Float32Array.of(1, 0, -0.05, -1, 0.5, 0), 3);
    const bars = [...panels[0]!.matchAll(/<rect [^>]*height="([\d.]+)"/g)].map((match) => Number(match[1]));
    expect(bars[1]! / bars[0]!).toBeCloseTo(0.25, 2);
    expect(bars[2]! / bars[0]!).toBeCloseTo(0.025, 2);
    expect(caption).toContain("On an image, 50 % of the 3 units are active");
    expect(caption).toContain("1 is active on none");
  });

  test("the chart of a codebook knows its perplexity", async () => {
    const even = await codeUsage([0.25, 0, 0.25, 0.25, 0.25, 0, 0, 0]);
    expect(even.caption).toContain("4 of them (50 %) are used at all, and the perplexity is 4.0");
    expect((await codeUsage([1, 0])).caption).toContain(
      "1 of them (50 %) is used at all, and the perplexity is 1.0",
    );
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
