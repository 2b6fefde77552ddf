import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { describe as described, type ModelInput } from "../../graphs/families.ts";
import { beginningOf } from "../../runtime/beginning.ts";
import { nodeHost } from "../../runtime/host/node.ts";
import { besidePrincipal } from "../../runtime/linear.ts";
import { measuresOf } from "../../runtime/measures.ts";
import { codeOf } from "../../runtime/models.ts";
import { Run } from "../../runtime/run.ts";
import { Images } from "../../src/data/images.ts";
import { Random } from "../../src/data/random.ts";
import { tensor } from "../../src/ir/tensor.ts";
import { isthmus } from "../support/cli.ts";
import { idxBytes } from "../support/idx.ts";
import { sharedFolder } from "../support/tiny.ts";

// Processes take seconds to start where others keep the machine busy.
vi.setConfig({ testTimeout: 120_000 });

const floats = (...values: number[]) => Float64Array.from(values);
const none = floats();

describe("measuresOf", () => {
  test("counts the dimensions whose mean varies by more than a hundredth", () => {
    const details = {
      kl_per_dimension: { mean: floats(1, 0, 0.5), variance: none },
      mean: { mean: none, variance: floats(0.02, 0.01, 0.0101) },
    };
    expect(measuresOf({ details })).toEqual({ klPerDimension: [1, 0, 0.5], activeUnits: 2 });
  });

  test("gives the perplexity of a codebook", () => {
    const of = (...usage: number[]) =>
      measuresOf({ details: { code_usage: { mean: floats(...usage), variance: none } } });
    const even = of(0.25, 0, 0.25, 0.25, 0.25);
    expect(even.perplexity).toBeCloseTo(4, 12);
    expect(even).toMatchObject({ codesUsed: 4, codes: 5 });
    expect(of(0.5, 0.25, 0.25).perplexity).toBeCloseTo(2 * Math.sqrt(2), 12);
    expect(of(1, 0).perplexity).toBe(1);
  });

  test("averages activations, and has nothing to say of other codes", () => {
    const activation = { mean: floats(0.1, 0.3), variance: none };
    expect(measuresOf({ details: { activation } }).meanActivation).toBeCloseTo(0.2, 12);
    expect(measuresOf({ details: {} })).toEqual({});
  });
});

/** Images of 8 × 8 random bytes, brighter towards the right. */
function drawn(count: number, seed: number): Images {
  const random = new Random(seed, "images");
  const bytes = Uint8Array.from({ length: count * 64 }, (_, i) => random.integer(32 * ((i % 8) + 1)));
  return new Images({ channels: 1, height: 8, width: 8 }, bytes);
}

describe("besidePrincipal", () => {
  const image = { channels: 1, height: 8, width: 8 };
  const model = described({
    ...{ family: "autoencoder", image, hidden: [], latent: 3, activation: "linear" },
    likelihood: { kind: "squared-error", output: "linear" },
  } as ModelInput);
  const images = { train: drawn(300, 1), measured: drawn(40, 2) };

  test("of the optimum is 1, however its columns are mixed, and less of another", async () => {
    const optimum = (await beginningOf(
      { ...model, initialiser: "pca" } as typeof model,
      images.train,
      nodeHost,
    ))!;
    const weight = optimum["decoder.output.weight"]!.data as Float32Array;
    const column = (i: number) => Math.floor(i / 3) * 3 + ((i + 1) % 3);
    const turned = weight.map((value, i) => 3 * value - 2 * weight[column(i)]!);
    const beside = (data: Float32Array) =>
      besidePrincipal(model, { "decoder.output.weight": tensor("float32", [64, 3], data) }, images, nodeHost);
    const { meanCosine, reconstruction } = await beside(turned);
    expect(meanCosine).toBeCloseTo(1, 5);
    expect(reconstruction).toBeGreaterThan(0);
    const other = await beside(new Random(3, "columns").fillNormal(new Float32Array(192)));
    expect(other.meanCosine).toBeLessThan(0.9);
    expect(other.reconstruction).toBe(reconstruction);
  });
});

describe("isthmus evaluate", () => {
  const folder = sharedFolder();
  beforeAll(async () => {
    await mkdir(join(folder, "small"));
    await writeFile(join(folder, "small/train-images-idx3-ubyte"), idxBytes([200, 8, 8], drawn(200, 1).data));
  });
  const train = (name: string, ...args: string[]) =>
    isthmus(
      [
        "train",
        "--data",
        "small",
        "--batch",
        "16",
        "--epochs",
        "1",
        "--no-report",
        "--out",
        name,
        "--preset",
        name,
        ...args,
      ],
      folder,
    );
  const evaluate = (...args: string[]) => isthmus(["evaluate", ...args], folder);

  test.concurrent("says how near a linear autoencoder is to the principal components", async () => {
    expect((await train("pca", "--epochs", "0", "--latent", "3")).code).toBe(0);
    const { stdout } = await evaluate("pca", "--json");
    const { pca_mean_cosine, pca_reconstruction, reconstruction } = JSON.parse(stdout);
    expect(pca_mean_cosine).toBeCloseTo(1, 5);
    expect(pca_reconstruction).toBeCloseTo(reconstruction, 4);
    expect((await evaluate("pca")).stdout).toMatch(
      /\nprincipal components of the training images: reconstruction [\d.]+; mean cosine of the angles to them 1\.0000\n$/,
    );
  });

  test.concurrent("says how much of a codebook is used, and that a vq-vae has no bound", async () => {
    expect((await train("vq-vae")).code).toBe(0);
    const { perplexity, codes_used, codes } = JSON.parse((await evaluate("vq-vae", "--json")).stdout);
    expect(codes).toBe(256);
    expect(codes_used).toBeGreaterThanOrEqual(Math.ceil(perplexity));
    expect((await evaluate("vq-vae")).stdout).toMatch(
      /\ncodebook: \d+ of 256 codes used \(\d+ %\), perplexity [\d.]+\n$/,
    );
    const { code, stderr } = await evaluate("vq-vae", "--importance-samples", "10");
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^error: importance samples: vq-vae · .* has no lower bound of log p\(x\) for them to tighten\n$/,
    );
  });

  test.concurrent("says how far normal pixels are off, whose nats depend on their variance", async () => {
    expect((await train("vae", "--set", "likelihood.kind=gaussian")).code).toBe(0);
    const run = await Run.open(join(folder, "vae"), nodeHost);
    const { images } = (await run.data()).test;
    const [encoder, decoder] = [await run.encoder(), await run.decoder()];
    const { data } = await decoder.decode(codeOf(await encoder.encode(images)));
    await Promise.all([encoder.release(), decoder.release()]);
    const squares = data.map((pixel, i) => (pixel - images.data[i]! / 255) ** 2);
    const { mean_squared_error } = JSON.parse((await evaluate("vae", "--json")).stdout);
    // Decoded pixels are rounded to bytes.
    expect(mean_squared_error).toBeCloseTo(squares.reduce((sum, square) => sum + square) / data.length, 4);
    expect((await evaluate("vae")).stdout).toContain(
      `\nmean squared error of a pixel ${mean_squared_error.toFixed(4)}\n`,
    );
  });

  test.concurrent("says how active a sparse code is", async () => {
    expect((await train("sparse-ae")).code).toBe(0);
    const { mean_activation } = JSON.parse((await evaluate("sparse-ae", "--json")).stdout);
    expect((await evaluate("sparse-ae")).stdout).toContain(
      `\nmean activation of the code ${mean_activation.toFixed(4)}\n`,
    );
  });
});
