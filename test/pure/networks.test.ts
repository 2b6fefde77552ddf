/** The networks that settings ask for: decoders of their own shape, and batch statistics in and out of training. */
import { describe, expect, test } from "vitest";
import { parse } from "../../graphs/config.ts";
import { describe as described, type ModelInput, parametersOf } from "../../graphs/families.ts";
import { stateInputs, stepGraph } from "../../graphs/step.ts";
import { trainingConfig } from "../../graphs/training-config.ts";
import { affine, computed, decoded, mean, rowsOf, sum } from "../support/instance.ts";
import { run } from "../support/interpreter/interpreter.ts";

describe("a decoder", () => {
  const image = { channels: 1, height: 7, width: 5 };
  const shapes = (settings: object) => {
    const model = described({ family: "autoencoder", image, latent: 2, ...settings } as ModelInput);
    const all = parametersOf(model).filter(({ name }) => /^decoder.*weight$/.test(name));
    const code = Array.from({ length: 3 }, () => [0.1, 0.2]);
    expect(decoded(model, code, {}).map((pixels) => pixels.length)).toEqual([35, 35, 35]);
    return Object.fromEntries(all.map(({ name, shape }) => [name.slice("decoder.".length), shape]));
  };

  test("is the encoder in reverse unless it is told", () => {
    expect(shapes({ filters: [2, 3], hidden: [6, 4] })).toEqual({
      "hidden.0.weight": [4, 2],
      "hidden.1.weight": [6, 4],
      "hidden.2.weight": [3, 6],
      "conv.0.weight": [3, 2, 4, 4],
      "output.weight": [2, 1, 4, 4],
    });
  });

  test("of dense layers can follow a convolutional encoder", () => {
    expect(shapes({ filters: [2], decoder: { hidden: [3] } })).toEqual({
      "hidden.0.weight": [3, 2],
      "output.weight": [35, 3],
    });
  });

  test("of convolutions can follow a dense encoder, and end in one that keeps the size", () => {
    const decoder = { hidden: [6], filters: [3, 2], output: "same-size" };
    expect(shapes({ hidden: [4], decoder })).toEqual({
      "hidden.0.weight": [6, 2],
      "hidden.1.weight": [18, 6],
      "conv.0.weight": [3, 2, 4, 4],
      "output.weight": [2, 1, 3, 3],
    });
  });

  test("that would begin with nothing is refused", () => {
    expect(() => shapes({ decoder: { filters: [2, 2, 2, 2] } })).toThrow(
      "model: a 5×7 image can't be divided by 2 4 times: give fewer filters",
    );
  });
});

describe("batch normalisation", () => {
  const image = { channels: 1, height: 2, width: 3 };
  const model = described({ family: "autoencoder", image, hidden: [4], latent: 2, normalization: "batch" });
  const at = "encoder.hidden.0.normalization";

  test("in a step moves the running statistics a tenth of the way to the batch's, and no optimizer does", () => {
    const config = parse(trainingConfig, { batch: 5, optimizer: { kind: "sgd", momentum: 0.9 } }, "training");
    const slots = Object.keys(stateInputs(model, config)).filter((name) => name.startsWith("velocity."));
    expect(slots).toContain(`velocity.${at}.weight`);
    expect(slots.filter((name) => name.includes("running"))).toEqual([]);

    const graph = stepGraph(model, config);
    const { feeds: known } = computed(model, 5, (of, batch) => ({ loss: of.terms(batch).reconstruction }));
    const feeds = Object.fromEntries(
      Object.entries(graph.inputs).map(([name, { shape }]) => {
        const zeros = Array.from({ length: (shape as number[]).reduce((a, b) => a * b, 1) }, () => 0);
        return [name, known[name] ?? { shape: shape as number[], data: zeros }];
      }),
    );
    const next = run(graph, feeds);
    const outputs = rowsOf(feeds.image!).map((row) => affine(feeds, "encoder.hidden.0", row));
    for (let unit = 0; unit < 4; unit++) {
      const values = outputs.map((row) => row[unit]!);
      const centre = mean(values);
      const unbiased = sum(values.map((value) => (value - centre) ** 2)) / 4;
      const moved = (name: string, to: number) => {
        const from = Number(feeds[`${at}.${name}`]!.data[unit]);
        expect(next[`${at}.${name}.next`]!.data[unit]).toBeCloseTo(from + 0.1 * (to - from), 6);
      };
      moved("running_mean", centre);
      moved("running_var", unbiased);
    }
  });

  test("in an encoder uses the running statistics, whatever else is in the batch", () => {
    const { outputs, feeds } = computed(model, 5, (of, batch) => of.encode(batch));
    const statistic = (name: string) => Array.from(feeds[`${at}.${name}`]!.data, Number);
    const [weight, bias] = [statistic("weight"), statistic("bias")];
    const [means, variances] = [statistic("running_mean"), statistic("running_var")];
    const images = rowsOf(feeds.image!);
    for (const [i, code] of rowsOf(outputs.code!).entries()) {
      const hidden = affine(feeds, "encoder.hidden.0", images[i]!).map((value, unit) =>
        Math.max(
          0,
          (weight[unit]! * (value - means[unit]!)) / Math.sqrt(variances[unit]! + 1e-5) + bias[unit]!,
        ),
      );
      for (const [k, value] of affine(feeds, "encoder.code", hidden).entries())
        expect(code[k]).toBeCloseTo(value, 6);
    }
  });
});
