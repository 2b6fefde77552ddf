/** The figures of a report: which there are follows from what the model is, and what they say is true of it. */

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import type { ModelInput } from "../../graphs/families.ts";
import { loadDataset } from "../../runtime/data/dataset.ts";
import { ofEachClass } from "../../runtime/figures/samples.ts";
import { pairsOf } from "../../runtime/figures/walks.ts";
import { nodePlatform } from "../../runtime/node-platform.ts";
import { TrainingRun, type TrainOptions } from "../../runtime/training-run.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { Images } from "../../src/data/images.ts";
import { tensor } from "../../src/ir/tensor.ts";
import { temporaryFolder } from "../support/idx.ts";
import { tinyTraining } from "../support/tiny.ts";
import { digits, follow } from "../support/training.ts";

vi.setConfig({ testTimeout: 120_000 });

const { image } = digits;

/** Trains for an epoch; gives the names of the pictures, and the page. */
async function reported(model: ModelInput, data: Dataset = digits, options: TrainOptions = {}) {
  const out = join(await temporaryFolder(), "run");
  await follow(new TrainingRun(model, data, { ...tinyTraining, epochs: 1, ...options, out }, nodePlatform));
  const pictures = (await readdir(join(out, "pictures"))).map((name) => name.replace(".png", ""));
  return { pictures, page: await readFile(join(out, "report.html"), "utf8") };
}

const plain = { family: "autoencoder" as const, image, hidden: [8], latent: 3 };

describe("a report has the figures of", () => {
  test("a VAE: sweeps of its latents, the most informative first", async () => {
    const { pictures, page } = await reported({ family: "vae", image, hidden: [8], latent: 3 });
    expect(pictures).toEqual([
      "interpolations",
      "kl-per-dimension",
      "latent-scatter",
      "losses",
      "reconstructions",
      "samples",
      "sweeps",
    ]);
    expect(page).toContain("KL divergence");
  });

  test("a conditional VAE on a plane: samples of each class, and pairs of one class", async () => {
    const model: ModelInput = { family: "vae", image, hidden: [8], latent: 2, classes: 10 };
    const { pictures, page } = await reported(model);
    expect(pictures).toContain("latent-grid");
    expect(pictures).not.toContain("sweeps");
    expect(page).toContain("10 rows of 10 images, a row a class");
    expect(page).toContain("Both are of one class");
    expect(page).toContain("Colours are the classes, which both halves are told");
    expect(page).toContain("encoder.run({ image, label })");
  });

  test("a linear autoencoder that was not trained: its components, and no losses", async () => {
    const likelihood = { kind: "squared-error", output: "linear" } as const;
    const linear: ModelInput = { ...plain, hidden: [], activation: "linear", initialiser: "pca", likelihood };
    const { pictures, page } = await reported(linear, digits, { epochs: 0 });
    expect(pictures).toEqual(["components", "interpolations", "latent-scatter", "reconstructions"]);
    expect(page).not.toMatch(/KL divergence|reconstruction<\/span>/);
  });

  test("a denoising autoencoder: what it was shown and what came back, and no samples", async () => {
    const { pictures, page } = await reported({ ...plain, corruption: { kind: "masking", share: 0.5 } });
    expect(pictures).toEqual(["interpolations", "latent-scatter", "losses", "reconstructions"]);
    expect(page).toContain("What was lost, restored");
  });

  test("a sparse autoencoder: how active its units are", async () => {
    const { pictures, page } = await reported({
      ...plain,
      codeActivation: "sigmoid",
      penalty: { kind: "kl", target: 0.1 },
    });
    expect(pictures).toContain("activations");
    expect(page).toContain("KL sparsity of the code");
    expect(page).not.toContain("KL divergence");
  });

  test("a VQ-VAE: how its codebook is used, and nothing between the codes", async () => {
    const model: ModelInput = { family: "vq-vae", image, filters: [4, 4], codes: 8, embedding: 4 };
    const { pictures, page } = await reported(model);
    expect(pictures).toEqual(["code-usage", "losses", "reconstructions"]);
    expect(page).toMatch(/one of 8 vectors/);
  });

  test.each([
    ["one-hot", ["losses", "reconstructions"]],
    ["learned", ["interpolations", "losses", "reconstructions"]],
  ] as const)("a memory with %s codes: all that it holds", async (codes, expected) => {
    const train = { ...digits.train, images: digits.train.images.slice(0, 17) };
    const model: ModelInput = { family: "memorizer", image, hidden: [8], items: 17, codes, latent: 3 };
    const { pictures, page } = await reported(model, { ...digits, train }, { batch: 17 });
    expect(pictures).toEqual(expected);
    expect(page).toContain("All 17 images that the model holds");
    expect(page).not.toMatch(/not trained on|test image/);
  });

  test.each([
    ["lines", "line"],
    ["tones", "clip"],
  ])("a VAE of %s: pictures of such, in words for such", async (name, noun) => {
    const data = await loadDataset({ name, limit: 64 });
    const { image } = data;
    const kind = name === "lines" ? "categorical" : "gaussian";
    const model = { family: "vae", image, hidden: [8], latent: 3, likelihood: { kind } } as ModelInput;
    const { pictures, page } = await reported(model, data);
    expect(pictures).toEqual([
      "interpolations",
      "kl-per-dimension",
      "latent-scatter",
      "losses",
      "reconstructions",
      "samples",
    ]);
    expect(page).toContain(`nats per ${noun}<br>on the test ${noun}s`);
    expect(page).not.toMatch(/(test|one|an|per) image/);
  });
});

test("the same codes for each class in turn", () => {
  const { codes, labels } = ofEachClass(tensor("float32", [2, 1], Float32Array.of(5, 6)), 3);
  expect([...codes.data]).toEqual([5, 6, 5, 6, 5, 6]);
  expect([...labels]).toEqual([0, 0, 1, 1, 2, 2]);
});

test("pairs are of one class or of two, as asked, and never of an image with itself", () => {
  const labels = Uint8Array.of(0, 0, 0, 1, 1, 2, 2);
  const images = new Images({ channels: 1, height: 1, width: 1 }, new Uint8Array(7), labels);
  for (const areAlike of [true, false])
    for (const [from, to] of pairsOf(images, 20, areAlike, 1)) {
      expect(from).not.toBe(to);
      expect(labels[from] === labels[to]).toBe(areAlike);
    }
});
