/** What the commands that show a model write of text, of sound, and of classes. */

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Jimp } from "jimp";
import { beforeAll, describe, expect, test, vi } from "vitest";
import type { ModelInput } from "../../graphs/families.ts";
import { decodeCommand, encodeCommand } from "../../runtime/cli/code.ts";
import { interpolateCommand, reconstructCommand, sampleCommand } from "../../runtime/cli/draw.ts";
import { UsageError } from "../../runtime/cli/usage.ts";
import { loadDataset } from "../../runtime/data/dataset.ts";
import { readWav } from "../../runtime/data/wav.ts";
import { nodePlatform } from "../../runtime/node-platform.ts";
import { readNpy } from "../../runtime/npy.ts";
import { TrainingRun } from "../../runtime/training-run.ts";
import { lineAlphabet } from "../../src/data/lines.ts";
import { sharedFolder, tinyTraining, writeTinyFolder } from "../support/tiny.ts";
import { follow } from "../support/training.ts";

vi.setConfig({ testTimeout: 120_000 });

const folder = sharedFolder();
const path = (name: string) => join(folder, name);
const text = (name: string) => readFile(path(name), "utf8");
const at = { device: "cpu", threads: 1 } as const;

async function trained(out: string, name: string, model: object, limit?: number) {
  const data = await loadDataset({ name, ...(limit && { limit }) });
  const classes = "classes" in model ? { classes: data.classes!.length } : {};
  const settings = { ...tinyTraining, epochs: 1, report: false, out: path(out) };
  const description = { ...model, ...classes, image: data.image } as ModelInput;
  await follow(new TrainingRun(description, data, settings, nodePlatform));
}

beforeAll(async () => {
  await writeTinyFolder(path("tiny"));
  const small = { family: "vae", hidden: [8], latent: 2 } as const;
  await trained("text", "lines", { ...small, likelihood: { kind: "categorical" } }, 64);
  await trained("sound", "tones", { ...small, likelihood: { kind: "gaussian" } }, 64);
  await trained("classes", path("tiny"), { ...small, classes: 10 });
  await trained("plain", path("tiny"), { family: "autoencoder", hidden: [8], latent: 2 });
});

describe("a run of lines", () => {
  test.each(["text", "text/decoder.onnx"])("%s samples a line each", async (model) => {
    await sampleCommand(path(model), { ...at, count: 7, seed: 3, out: path("made.txt") });
    const lines = (await text("made.txt")).split("\n");
    expect(lines).toHaveLength(8);
    expect(lines[7]).toBe("");
  });

  test("reconstructs with a tab between, and draws pictures too", async () => {
    const { test: held, medium } = await loadDataset({ name: "lines", limit: 64 });
    await reconstructCommand(path("text"), { ...at, count: 3, out: path("pairs.txt") });
    const pairs = (await text("pairs.txt")).trimEnd().split("\n");
    expect(pairs.map((pair) => pair.split("\t").length)).toEqual([2, 2, 2]);
    expect(held.images.count).toBeGreaterThan(3);
    expect(medium.kind).toBe("text");
    await interpolateCommand(path("text"), { ...at, rows: 2, steps: 4, seed: 1, out: path("walks.png") });
    expect((await Jimp.read(path("walks.png"))).width).toBeGreaterThan(100);
  });
});

test("a run of clips samples one sound, with silence between the clips", async () => {
  const { medium, image } = await loadDataset({ name: "tones", limit: 64 });
  const rate = medium.kind === "sound" ? medium.rate : 0;
  await sampleCommand(path("sound/decoder.onnx"), { ...at, count: 3, seed: 1, out: path("made.wav") });
  const { samples, rate: written } = readWav(await readFile(path("made.wav")), "made.wav");
  expect(written).toBe(rate);
  const pace = image.width + rate / 4;
  expect(samples).toHaveLength(3 * pace);
  for (let clip = 0; clip < 3; clip++)
    expect(new Set(samples.subarray(clip * pace + image.width, (clip + 1) * pace))).toEqual(new Set([128]));
  await reconstructCommand(path("sound"), { ...at, count: 2, out: path("pairs.wav") });
  expect(readWav(await readFile(path("pairs.wav")), "pairs.wav").samples).toHaveLength(4 * pace);
});

describe("a run that is told classes", () => {
  const pixels = async (name: string) => readNpy(await readFile(path(name)), name);

  test.each(["classes", "classes/decoder.onnx"])(
    "%s samples all of them from the same codes",
    async (model) => {
      await sampleCommand(path(model), { ...at, count: 20, seed: 3, out: path("all.npy") });
      await sampleCommand(path(model), { ...at, count: 2, seed: 3, label: "7", out: path("sevens.npy") });
      const [all, sevens] = [await pixels("all.npy"), await pixels("sevens.npy")];
      expect(all.shape).toEqual([20, 1, 28, 28]);
      const [start, length] = [7 * 2 * 784, 2 * 784];
      expect(Math.max(...sevens.data.map((v, i) => Math.abs(v - all.data[start + i]!)))).toBeLessThan(1e-6);
      expect(sevens.data).toHaveLength(length);
      await sampleCommand(path(model), { ...at, count: 100, seed: 3, out: path("all.png") });
      expect((await Jimp.read(path("all.png"))).width).toBeGreaterThan(500);
    },
  );

  test("encodes images with their labels, reconstructs and interpolates; decodes as the label says", async () => {
    await encodeCommand(path("classes"), { ...at, split: "all", out: path("codes.npy") });
    expect((await pixels("codes.npy")).shape).toEqual([180, 2]);
    await reconstructCommand(path("classes"), { ...at, count: 5, out: path("pairs.png") });
    await interpolateCommand(path("classes"), { ...at, rows: 2, steps: 4, seed: 1, out: path("walks.png") });
    const decode = (label: string, out: string) =>
      decodeCommand(path("classes"), path("codes.npy"), { ...at, label, out: path(out) });
    await decode("3", "threes.npy");
    await decode("4", "fours.npy");
    expect((await pixels("threes.npy")).data).not.toEqual((await pixels("fours.npy")).data);
  });
});

test.each([
  ["plain", {}, /plain: the model has no prior to draw codes from: see what it does by reconstruct/],
  ["plain/decoder.onnx", {}, /the model has no prior to draw codes from/],
  ["classes", { label: "seven" }, /^--label: there is no class "seven": there are 0, 1, .*9$/],
  ["text", { label: "7" }, /^--label: the model is not told classes: leave it out$/],
  ["text", { out: "made.wav" }, /made\.wav: a \.wav file is for sound, and the model makes text$/],
  ["classes", { out: "made.txt" }, /made\.txt: a \.txt file is for text, and the model makes images$/],
])(
  "sample %s %o is refused in a line",
  async (model, { out = "made.png", ...flags }: Record<string, string>, message) => {
    const sampled = sampleCommand(path(model), { ...at, count: 2, seed: 1, out: path(out), ...flags });
    await expect(sampled).rejects.toThrow(message);
    await expect(sampled).rejects.toThrow(UsageError);
  },
);

test("what is decoded for a class has to be told which", async () => {
  await expect(
    decodeCommand(path("classes"), path("codes.npy"), { ...at, out: path("made.png") }),
  ).rejects.toThrow("decode: the model is told a class: which? --label NAME");
});

describe("encode refuses data that the model was not made for", () => {
  const encode = (model: string, flags: Partial<Parameters<typeof encodeCommand>[1]>) =>
    encodeCommand(path(model), { ...at, out: path("refused.npy"), ...flags });

  beforeAll(async () => {
    const png = await new Jimp({ width: 28, height: 28 }).getBuffer("image/png");
    for (const pet of ["cat", "dog"]) {
      await mkdir(path(`pets/${pet}`), { recursive: true });
      for (let i = 0; i < 5; i++) await writeFile(path(`pets/${pet}/${i}.png`), png);
    }
    // As long as the lines of the run, and of as many kinds of characters.
    const characters = lineAlphabet.trim().replace("e", "@");
    const other = Array.from({ length: 20 }, (_, i) =>
      characters
        .padEnd(48, characters)
        .slice(i, i + 24)
        .trim()
        .padEnd(24, "@"),
    );
    await writeFile(path("other.txt"), other.join("\n"));
  });

  test.each(["classes", "classes/encoder.onnx"])("%s: other classes", async (model) => {
    await expect(encode(model, { data: path("pets") })).rejects.toThrow(
      "data: the model asks for labels, and these have other classes than it was trained on",
    );
  });

  test.each(["text", "text/encoder.onnx"])("%s: another alphabet of the same size", async (model) => {
    await expect(encode(model, { data: path("other.txt") })).rejects.toThrow(
      /^data: the lines are of the alphabet ".*@.*", the model's of ".*e.*"$/,
    );
  });

  test("plain/encoder.onnx: lines of text", async () => {
    await expect(encode("plain/encoder.onnx", { data: path("other.txt") })).rejects.toThrow(
      "data: these are text, and the model was trained on image",
    );
  });

  test("but a model that is told no classes takes images of any", async () => {
    await encode("plain/encoder.onnx", { data: path("pets"), out: path("pets.npy") });
    expect(readNpy(await readFile(path("pets.npy")), "pets").shape).toEqual([10, 2]);
  });

  test.each([
    [{ channels: 2 as 1 }, "data: channels must be 1 or 3, is 2"],
    [{ resize: [0, 0] as [number, number] }, "data: resize.0 must be at least 1, is 0"],
  ])("%o is a wrong call", async (flags, message) => {
    const encoded = encode("plain", { data: path("pets"), ...flags });
    await expect(encoded).rejects.toThrow(message);
    await expect(encoded).rejects.toThrow(UsageError);
  });
});
