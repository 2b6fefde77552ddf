import { describe, expect, test } from "vitest";
import { describe as described, type ModelInput, parametersOf } from "../../graphs/families.ts";
import { nodeHost } from "../../runtime/host/node.ts";
import { type ImportanceOptions, logLikelihood } from "../../runtime/importance.ts";
import { drawDigits } from "../../src/data/digits/digits.ts";
import { Images } from "../../src/data/images.ts";
import { Random } from "../../src/data/random.ts";
import { sizeOf, type Tensors, tensor } from "../../src/ir/tensor.ts";

const small = { channels: 1, height: 2, width: 3 };
const pixels = 6;

/** Weights drawn at random, the same for a model whoever asks; posteriors stay near the prior, so that few draws do. */
function weightsOf(model: ModelInput, scale = 0.7): Tensors {
  const random = new Random(1, "weights");
  const draw = (name: string, x: number) => (name.endsWith("running_var") ? 1 + x * x : x * scale);
  return Object.fromEntries(
    parametersOf(described(model)).map(({ name, shape }) => {
      const tame = name.startsWith("encoder") ? 0.1 : 1;
      const drawn = random.fillNormal(new Float32Array(sizeOf(shape)));
      return [
        name,
        tensor(
          "float32",
          shape,
          drawn.map((x) => draw(name, tame * x)),
        ),
      ];
    }),
  );
}

/** Images of random bytes, each of which is one of `levels`. */
function imagesOf(count: number, levels: readonly number[], image = small, classes?: number): Images {
  const random = new Random(2, "images");
  const size = image.channels * image.height * image.width;
  const bytes = Uint8Array.from({ length: count * size }, () => levels[random.integer(levels.length)]!);
  const labels = classes === undefined ? null : Uint8Array.from({ length: count }, (_, i) => i % classes);
  return new Images(image, bytes, labels);
}

const estimate = (model: ModelInput, images: Images, options: ImportanceOptions, scale?: number) =>
  logLikelihood(described(model), weightsOf(model, scale), images, 3, nodeHost, options);

/** log p(x) by the trapezoidal rule over two latent dimensions, in float64; `decode` gives what each output is. */
function integrated(logLikelihoodAt: (z: readonly [number, number]) => number): number {
  const [limit, step] = [8, 0.05];
  let total = 0;
  for (let a = -limit; a <= limit; a += step)
    for (let b = -limit; b <= limit; b += step)
      total += Math.exp(logLikelihoodAt([a, b]) - (a * a + b * b) / 2) / (2 * Math.PI);
  return Math.log(total * step * step);
}

describe("log p(x) of a model of two latent dimensions", () => {
  const base = {
    family: "vae",
    image: small,
    hidden: [],
    latent: 2,
    activation: "linear",
  } satisfies ModelInput;
  const cases: readonly [string, ModelInput, readonly number[], number?][] = [
    ["Bernoulli pixels", { ...base, likelihood: { kind: "bernoulli" } }, [0, 255]],
    ["Bernoulli pixels, each a shade of gray", { ...base, likelihood: { kind: "bernoulli" } }, [0, 100, 255]],
    ["Gaussian pixels", { ...base, likelihood: { kind: "gaussian", variance: 0.2 } }, [0, 60, 180, 255]],
    ["Gaussian pixels of learned variance", { ...base, likelihood: { kind: "gaussian" } }, [0, 60, 180, 255]],
    ["Bernoulli pixels of a class", { ...base, classes: 3 }, [0, 255], 3],
    ["an IWAE", { ...base, importanceSamples: 5 }, [0, 255]],
    ["free bits", { ...base, freeBits: 0.5 }, [0, 255]],
  ];

  test.each(cases)("is that of the integral: %s", async (_, model, levels, classes) => {
    const images = imagesOf(6, levels, small, classes);
    const weights = weightsOf(model);
    const [w, b] = ["weight", "bias"].map((part) => weights[`decoder.output.${part}`]!.data) as [
      Float32Array,
      Float32Array,
    ];
    const inputs = 2 + (classes ?? 0);
    const kind = model.family === "vae" && model.likelihood?.kind;
    const variance =
      kind === "gaussian"
        ? Math.exp(Number(weights["decoder.log_variance"]?.data[0] ?? Math.log(0.2)))
        : null;
    const found = await estimate(model, images, { samples: 40_000, chunk: 4_000 });
    for (let i = 0; i < images.count; i++) {
      const exact = integrated((z) => {
        let total = 0;
        for (let j = 0; j < pixels; j++) {
          const row = w.subarray(j * inputs, (j + 1) * inputs);
          const told = classes === undefined ? 0 : row[2 + images.labels![i]!]!;
          const output = row[0]! * z[0] + row[1]! * z[1] + told + b[j]!;
          const x = images.data[i * pixels + j]! / 255;
          const mean = 1 / (1 + Math.exp(-output));
          total +=
            variance === null
              ? x * output - Math.log1p(Math.exp(output))
              : -0.5 * ((x - mean) ** 2 / variance + Math.log(2 * Math.PI * variance));
        }
        return total;
      });
      expect(Math.abs(found.perImage[i]! - exact)).toBeLessThan(0.03);
    }
    const mean = found.perImage.reduce((sum, value) => sum + value, 0) / images.count;
    const spread = found.perImage.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    expect(found.nll).toBeCloseTo(-mean, 10);
    expect(found.nllStandardError).toBeCloseTo(Math.sqrt(spread / (5 * 6)), 10);
    expect(found.elbo).toBeLessThan(-found.nll);
  });
});

describe("the estimate", () => {
  const digits = drawDigits(12, 1);
  const images = new Images(digits.images.image, digits.images.data, digits.labels);
  const { image } = images;
  const burda = {
    family: "vae",
    image,
    hidden: [24],
    latent: 5,
    activation: "tanh",
    binarise: true,
  } satisfies ModelInput;

  test("is the same to rounding whatever the chunks, and has the same draws for the same seed", async () => {
    const whole = await estimate(burda, images, { samples: 300, chunk: 300 }, 0.1);
    const parts = await estimate(burda, images, { samples: 300, chunk: 7 }, 0.1);
    whole.perImage.forEach(
      (value, i) => void expect(Math.abs(value - parts.perImage[i]!)).toBeLessThan(1e-3),
    );
    expect(await estimate(burda, images, { samples: 300, chunk: 300 }, 0.1)).toEqual(whole);
    const few = await estimate(burda, images.slice(0, 4), { samples: 300, chunk: 300 }, 0.1);
    expect(few.perImage).toEqual(whole.perImage.slice(0, 4));
  });

  test("rises with the number of samples, from the lower bound with one", async () => {
    const found = [];
    for (const samples of [1, 10, 100, 1000]) found.push(await estimate(burda, images, { samples }, 0.2));
    expect(found[0]!.nll).toBeCloseTo(-found[0]!.elbo, 10);
    const bounds = found.map(({ nll }) => nll);
    expect(bounds).toEqual(bounds.toSorted((a, b) => b - a));
    expect(bounds[0]! - bounds[3]!).toBeGreaterThan(1);
  });

  test.each<[string, ModelInput]>([
    ["convolutions", { family: "vae", image, filters: [4, 8], hidden: [16], latent: 3 }],
    ["batch normalisation", { family: "vae", image, hidden: [16], latent: 3, normalization: "batch" }],
    [
      "classes and an IWAE",
      { family: "vae", image, hidden: [16], latent: 3, classes: 10, importanceSamples: 3 },
    ],
  ])("is above the lower bound with %s", async (_, model) => {
    const { nll, elbo } = await estimate(model, images, { samples: 200, chunk: 64 }, 0.2);
    expect(-nll).toBeGreaterThan(elbo);
  });

  test("tells of every image, and stops when it is told to", async () => {
    const stop = new AbortController();
    const seen: number[] = [];
    const call = estimate(burda, images, {
      samples: 10,
      signal: stop.signal,
      onProgress: ({ done, images, secondsLeft }) => {
        seen.push(done);
        expect(images).toBe(12);
        expect(secondsLeft).toBeGreaterThanOrEqual(0);
        if (done === 3) stop.abort(new Error("enough"));
      },
    });
    await expect(call).rejects.toThrow("enough");
    expect(seen).toEqual([1, 2, 3]);
  });

  test.each<[string, ModelInput, number, string]>([
    [
      "a plain autoencoder",
      { family: "autoencoder", image, hidden: [], latent: 3 },
      10,
      "autoencoder · 784-3 has no lower bound of log p(x) for them to tighten",
    ],
    ["no samples", burda, 0, "must be a whole number from 1, not 0"],
  ])("refuses %s", async (_, model, samples, fact) => {
    await expect(estimate(model, images, { samples })).rejects.toThrow(`importance samples: ${fact}`);
  });
});
