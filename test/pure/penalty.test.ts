/** Penalties on codes against their formulas, written down again in plain numbers. */
import { describe, expect, test } from "vitest";
import { describe as described, type ModelInput } from "../../graphs/families.ts";
import type { PenaltyConfig } from "../../graphs/penalty.ts";
import { grad } from "../../src/autodiff/grad.ts";
import type { Value } from "../../src/ir/value.ts";
import { reduceMean } from "../../src/ops/index.ts";
import { gradientError } from "../support/gradient.ts";
import { computed, mean, rowsOf, squaredDistance, sum } from "../support/instance.ts";

const image = { channels: 1, height: 2, width: 3 };

function modelWith(penalty: PenaltyConfig, settings: object = {}) {
  const input = { family: "autoencoder", image, hidden: [4], latent: 3, penalty, ...settings };
  return described(input as ModelInput);
}

/** The penalty of a batch of so many images, their codes, and what was fed. */
function penalised(model: ReturnType<typeof modelWith>, size: number, given = {}) {
  const { outputs, feeds } = computed(
    model,
    size,
    (of, batch) => ({ penalty: of.terms(batch).kl!, code: of.encode(batch).code! }),
    given,
  );
  return { penalty: outputs.penalty!.data, codes: rowsOf(outputs.code!), feeds };
}

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  for (const [i, value] of expected.entries()) expect(actual[i]! / value).toBeCloseTo(1, 6);
}

test("L1 is the sum of absolute values", () => {
  const { penalty, codes } = penalised(modelWith({ kind: "l1" }), 4);
  expectClose(
    penalty,
    codes.map((code) => sum(code.map(Math.abs))),
  );
});

describe("KL sparsity", () => {
  const model = modelWith({ kind: "kl", target: 0.05 }, { codeActivation: "sigmoid" });

  test("is that of each unit's mean activation over the batch, the same for each image", () => {
    const { penalty, codes } = penalised(model, 4);
    const [p, q] = [0.05, 0.95];
    const units = codes[0]!.map((_, unit) => mean(codes.map((code) => code[unit]!)));
    const all = sum(units.map((active) => p * Math.log(p / active) + q * Math.log(q / (1 - active))));
    expectClose(penalty, [all, all, all, all]);
  });

  test("is finite where a unit is never or always active", () => {
    const saturated = { "encoder.code.bias": { shape: [3], data: [-1e4, 1e4, 0] } };
    for (const value of penalised(model, 2, saturated).penalty) expect(Number.isFinite(value)).toBe(true);
  });
});

describe("the contractive penalty", () => {
  const model = modelWith({ kind: "jacobian" }, { activation: "elu", codeActivation: "sigmoid" });
  const size = 2;

  test("over unit probes adds up to the squared norm of the encoder's Jacobian", () => {
    const { feeds } = penalised(model, size);
    const units = [0, 1, 2].map((unit) =>
      Array.from({ length: size }, () => [0, 1, 2].map((i) => Number(i === unit))),
    );
    const each = units.map((unit) => {
      const probe = { shape: [size, 3], data: unit.flat(2) };
      return penalised(model, size, { ...feeds, probe }).penalty;
    });
    const total = Array.from({ length: size }, (_, i) => sum(each.map((penalty) => penalty[i]!)));

    const pixels = Array.from(feeds.image!.data, Number);
    const codesAt = (data: number[]) =>
      penalised(model, size, { ...feeds, image: { shape: feeds.image!.shape, data } }).codes;
    const h = 1e-5;
    const squares = new Array<number>(size).fill(0);
    for (const [i, pixel] of pixels.entries()) {
      const row = Math.floor(i / 6);
      const [above, below] = [codesAt(pixels.with(i, pixel + h)), codesAt(pixels.with(i, pixel - h))];
      squares[row]! += squaredDistance(above[row]!, below[row]!) / (2 * h) ** 2;
    }
    expectClose(total, squares);
  });

  test("has a gradient of its own, through the gradient that it is", () => {
    let penalty!: Value<"float32">;
    const { inputs, feeds } = computed(model, size, (of, batch) => {
      penalty = reduceMean(of.terms(batch).kl!);
      return { penalty };
    });
    const weights = ["encoder.hidden.0.weight", "encoder.code.weight", "encoder.code.bias"];
    const wrt = Object.fromEntries(weights.map((name) => [name, inputs[name]!]));
    const used = Object.fromEntries(Object.entries(inputs).filter(([name]) => !name.startsWith("decoder")));
    expect(gradientError(penalty, used, wrt, feeds)).toBeLessThan(1e-7);
    expect(grad(penalty, [inputs["encoder.code.weight"]!])[0]!.shape).toEqual([3, 4]);
  });
});

describe("MMD", () => {
  const model = modelWith({ kind: "mmd" });

  test("is the unbiased estimate over all pairs, with inverse multiquadratic kernels", () => {
    const size = 5;
    const { penalty, codes, feeds } = penalised(model, size);
    const drawn = rowsOf(feeds.noise!);
    const kernel = (a: number[], b: number[]) =>
      sum(
        [0.1, 0.2, 0.5, 1, 2, 5, 10].map((width) => {
          const scale = 2 * 3 * width;
          return scale / (scale + squaredDistance(a, b));
        }),
      );
    const over = (a: number[][], b: number[][], isCounted: (i: number, j: number) => boolean) =>
      sum(a.flatMap((x, i) => b.flatMap((y, j) => (isCounted(i, j) ? [kernel(x, y)] : []))));
    const others = (i: number, j: number) => i !== j;
    const expected =
      (over(codes, codes, others) + over(drawn, drawn, others)) / (size * (size - 1)) -
      (2 * over(codes, drawn, () => true)) / size ** 2;
    expectClose(penalty, new Array(size).fill(expected));
  });

  test("of one image is finite", () => {
    expect(Number.isFinite(penalised(model, 1).penalty[0])).toBe(true);
  });
});
