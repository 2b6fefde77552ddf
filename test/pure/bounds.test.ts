/** Variational bounds against their formulas, written down again in plain numbers. */
import { describe, expect, test } from "vitest";
import { describe as described, type ModelInput } from "../../graphs/families.ts";
// biome-ignore format: one list of names
import {
  affine, bernoulliLoss, computed, decoded, type Feeds, mean, rowsOf, sigmoid, sum,
} from "../support/instance.ts";

const image = { channels: 1, height: 2, width: 3 };
const size = 3;

function vae(settings: Partial<ModelInput> = {}) {
  return described({ family: "vae", image, hidden: [4], latent: 2, ...settings } as ModelInput);
}

/** The posterior of each image, by the encoder as it is exported. */
function posteriorsOf(model: ReturnType<typeof vae>, feeds: Feeds) {
  const { mean, log_variance } = computed(model, size, (of, batch) => of.encode(batch), feeds).outputs;
  return rowsOf(mean!).map((means, i) => ({ mean: means, logVariance: rowsOf(log_variance!)[i]! }));
}
type Posterior = ReturnType<typeof posteriorsOf>[number];

const logNormal = (x: number, mean: number, logVariance: number) =>
  -0.5 * (Math.log(2 * Math.PI) + logVariance + (x - mean) ** 2 / Math.exp(logVariance));

const codeOf = ({ mean, logVariance }: Posterior, noise: readonly number[]) =>
  mean.map((m, i) => m + Math.exp(logVariance[i]! / 2) * noise[i]!);

/** Of draws `[draw][image]` of the codes, −log p(x | z), and log p(x, z) − log q(z | x). */
function weighed(model: ReturnType<typeof vae>, feeds: Feeds, observed: readonly number[][]) {
  const posteriors = posteriorsOf(model, { ...feeds, image: { ...feeds.image!, data: observed.flat() } });
  const { shape, data } = feeds.noise!;
  const noise = rowsOf({ shape: [shape[0]! * size, 2], data });
  const codes = noise.map((row, i) => codeOf(posteriors[i % size]!, row));
  return Array.from({ length: shape[0]! }, (_, draw) => {
    const drawn = codes.slice(draw * size, (draw + 1) * size);
    const images = decoded(model, drawn, feeds);
    return drawn.map((code, i) => {
      const reconstruction = bernoulliLoss(observed[i]!, images[i]!);
      const prior = sum(code.map((z) => logNormal(z, 0, 0)));
      const { mean, logVariance } = posteriors[i]!;
      const posterior = sum(code.map((z, k) => logNormal(z, mean[k]!, logVariance[k]!)));
      return { reconstruction, logWeight: prior - posterior - reconstruction };
    });
  });
}

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  for (const [i, value] of expected.entries()) expect(actual[i]).toBeCloseTo(value, 8);
}

describe("importance weighting", () => {
  const model = vae({ importanceSamples: 4 } as Partial<ModelInput>);
  const { outputs, feeds } = computed(model, size, (of, batch) => {
    const { reconstruction, kl } = of.terms(batch);
    return { reconstruction, kl: kl! };
  });
  const draws = weighed(model, feeds, rowsOf(feeds.image!));
  const images = [0, 1, 2];

  test("trains on −log of the mean weight (Burda et al. 2016, eq. 8)", () => {
    const loss = images.map((i) => outputs.reconstruction!.data[i]! + outputs.kl!.data[i]!);
    expectClose(
      loss,
      images.map((i) => -Math.log(mean(draws.map((of) => Math.exp(of[i]!.logWeight))))),
    );
    expectClose(
      outputs.reconstruction!.data,
      images.map((i) => mean(draws.map((of) => of[i]!.reconstruction))),
    );
  });

  test("is measured by the same weights and the same bound", () => {
    const { outputs: told } = computed(
      model,
      size,
      (of, batch) => {
        const { logWeights, reconstruction, kl } = of.evaluate(batch, 4);
        return { logWeights: logWeights!, reconstruction, kl: kl! };
      },
      feeds,
    );
    expectClose(
      told.logWeights!.data,
      draws.flatMap((of) => of.map(({ logWeight }) => logWeight)),
    );
    expectClose(told.reconstruction!.data, [...outputs.reconstruction!.data]);
    expectClose(told.kl!.data, [...outputs.kl!.data]);
  });

  test("survives weights that no float32 holds", () => {
    const far = { "decoder.output.bias": { shape: [6], data: new Array<number>(6).fill(-400) } };
    const { loss } = computed(model, size, (of, batch) => ({ loss: of.terms(batch).kl! }), far).outputs;
    for (const value of loss!.data) expect(Number.isFinite(value)).toBe(true);
  });
});

test("the KL divergence in closed form is the mean of what the draws weigh", () => {
  // log p(z) − log q(z | x) is quadratic in the noise, so its mean over the signs ±1 of each dimension is exact.
  const model = vae();
  const signs = [
    [1, 1],
    [1, -1],
    [-1, 1],
    [-1, -1],
  ];
  const noise = { shape: [4, size, 2], data: signs.flatMap((pair) => [...pair, ...pair, ...pair]) };
  const { outputs, feeds } = computed(
    model,
    size,
    (of, batch) => {
      const { logWeights, reconstruction, kl } = of.evaluate(batch, 4);
      return { logWeights: logWeights!, reconstruction, kl: kl! };
    },
    { noise },
  );
  const weights = rowsOf(outputs.logWeights!);
  const { noise: _, ...others } = feeds;
  const { kl } = computed(model, size, (of, batch) => ({ kl: of.terms(batch).kl! }), others).outputs;
  for (const i of [0, 1, 2]) {
    const sampled = -mean(weights.map((row) => row[i]!)) - outputs.reconstruction!.data[i]!;
    expect(sampled).toBeCloseTo(outputs.kl!.data[i]!, 8);
    expect(sampled).toBeCloseTo(kl!.data[i]!, 8);
  }
});

test("free bits count a dimension's mean over the batch as that much at least", () => {
  const each = rowsOf(
    computed(vae(), size, (of, batch) => of.evaluate(batch, 1).details!).outputs.kl_per_dimension!,
  );
  const means = [0, 1].map((k) => mean(each.map((row) => row[k]!)));
  // Between the two, so that one counts as it is and the other does not.
  const freeBits = mean(means);
  const model = vae({ freeBits } as Partial<ModelInput>);
  const { kl } = computed(model, size, (of, batch) => ({ kl: of.terms(batch).kl! })).outputs;
  const { plain } = computed(model, size, (of, batch) => ({ plain: of.evaluate(batch, 1).kl! })).outputs;
  const expected = Math.max(...means) + freeBits;
  expectClose(kl!.data, [expected, expected, expected]);
  expectClose(plain!.data, each.map(sum));
});

test("binarised pixels are white where chance falls short of the gray value, in training and in evaluation", () => {
  const model = vae({ binarise: true } as Partial<ModelInput>);
  const { outputs, feeds } = computed(model, size, (of, batch) => ({
    trained: of.terms(batch).reconstruction,
  }));
  const chances = rowsOf(feeds.binarisation!);
  const observed = rowsOf(feeds.image!).map((row, i) => row.map((gray, k) => Number(chances[i]![k]! < gray)));
  const once = { ...feeds, noise: { shape: [1, size, 2], data: feeds.noise!.data } };
  const expected = weighed(model, once, observed)[0]!;
  expectClose(
    outputs.trained!.data,
    expected.map(({ reconstruction }) => reconstruction),
  );
  const told = computed(
    model,
    size,
    (of, batch) => ({ logWeights: of.evaluate(batch, 1).logWeights! }),
    once,
  );
  expectClose(
    told.outputs.logWeights!.data,
    expected.map(({ logWeight }) => logWeight),
  );
});

describe("a conditional model", () => {
  const model = vae({ hidden: [], classes: 3 } as Partial<ModelInput>);
  const label = { shape: [size], data: [2, 0, 1] };
  const oneHot = (k: number) => [0, 1, 2].map((i) => Number(i === k));

  test("sees the image, and its class as a one-hot vector", () => {
    const { outputs, feeds } = computed(model, size, (of, batch) => of.encode(batch), { label });
    const rows = rowsOf(feeds.image!);
    for (const [i, row] of rowsOf(outputs.mean!).entries())
      expectClose(row, affine(feeds, "encoder.mean", [...rows[i]!, ...oneHot(label.data[i]!)]));
  });

  test("decodes every draw of an image with the class of that image", () => {
    const { outputs, feeds } = computed(
      model,
      size,
      (of, batch) => ({ reconstruction: of.evaluate(batch, 2).reconstruction }),
      { label },
    );
    const posteriors = posteriorsOf(model, feeds);
    const rows = rowsOf(feeds.image!);
    const noise = rowsOf({ shape: [2 * size, 2], data: feeds.noise!.data });
    const losses = noise.map((row, k) => {
      const i = k % size;
      const code = [...codeOf(posteriors[i]!, row), ...oneHot(label.data[i]!)];
      return bernoulliLoss(rows[i]!, affine(feeds, "decoder.output", code).map(sigmoid));
    });
    expectClose(
      outputs.reconstruction!.data,
      [0, 1, 2].map((i) => mean([losses[i]!, losses[i + size]!])),
    );
  });
});
