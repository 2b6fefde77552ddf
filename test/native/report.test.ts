import { describe, expect, test } from "vitest";
import { klPerDimension } from "../../runtime/pictures/divergence.ts";
import { latentGrid, samples } from "../../runtime/pictures/grids.ts";
import { lossCurves } from "../../runtime/pictures/losses.ts";
import { formatBytes, formatDuration, formatNats } from "../../runtime/pictures/quantity.ts";
import { renderReport } from "../../runtime/pictures/report.ts";
import type { ReportData } from "../../runtime/pictures/report-data.ts";

import { epochsOf, patterns } from "../support/pictures.ts";

describe("report", () => {
  const bare: ReportData = {
    name: "bare",
    description: "vae · 784-400-20",
    unit: "nats",
    noun: "image",
    finished: null,
    headline: {
      test: null,
      epochs: 0,
      seconds: 0,
      imagesPerSecond: null,
      device: "cpu",
      penalty: null,
      isMemory: false,
    },
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
        penalty: "KL divergence",
        isMemory: false,
      },
      pictures: [
        await lossCurves(epochsOf(3)),
        await samples(images),
        await klPerDimension([1, 2]),
        await latentGrid(images),
      ],
      data: {
        name: "digits",
        medium: { kind: "image" },
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
      model: {
        image: images.image,
        medium: { kind: "image" },
        latent: 20,
        outputs: ["mean", "log_variance"],
        takesLabel: { encoder: false, decoder: false },
      },
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

  test("names the term that the model has, and none where it has none", async () => {
    const data = await full();
    const page = renderReport({ ...data, headline: { ...data.headline, penalty: "MMD to the prior" } });
    expect(page).toContain("25.1 MMD to the prior");
    const plain = { loss: 8, reconstruction: 8, kl: null };
    const bare = { ...data, pictures: [], headline: { ...data.headline, test: plain, penalty: null } };
    expect(renderReport(bare)).not.toMatch(/reconstruction<|KL/);
  });

  test("a memory was measured on what it was trained on", async () => {
    const data = await full();
    const page = renderReport({ ...data, headline: { ...data.headline, isMemory: true } });
    expect(page).toContain("nats per image<br>on the training images");
  });

  test("a conditional model's snippets are told the class, each half as it asks", async () => {
    const data = await full();
    const model = { ...data.model!, takesLabel: { encoder: false, decoder: true } };
    const page = renderReport({ ...data, model });
    expect(page).toContain("decoder.run({ latent: mean, label })");
    expect(page).toContain("encoder.run({ image })");
    expect(page).toContain("decoder.run(None, {&#34;latent&#34;: mean, &#34;label&#34;: label})");
    expect(renderReport(data)).not.toMatch(/, label|const label|label =/);
  });

  test("speaks of lines and clips where the data are such", async () => {
    const data = await full();
    const image = { channels: 3, height: 1, width: 12 };
    const medium = { kind: "text", alphabet: ` "<` } as const;
    const text = renderReport({
      ...data,
      noun: "line",
      data: { ...data.data!, medium, image },
      model: { ...data.model!, medium, image },
    });
    for (const words of [
      "nats per line<br>on the test lines",
      "lines per second",
      "lines of at most 12 characters, out of an alphabet of 3",
      "alphabet = &#34; \\&#34;&#60;&#34;",
    ])
      expect(text).toContain(words);
    const sound = { kind: "sound", rate: 8000 } as const;
    const clips = renderReport({ ...data, noun: "clip", data: { ...data.data!, medium: sound, image } });
    expect(clips).toContain("clips of 12 samples, 8,000 of them a second");
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
    expect([105.42, 5.1234, 0.0123, 9e-5].map(formatNats)).toEqual(["105.4", "5.12", "0.0123", "0.000"]);
  });
});
