import { describe, expect, test } from "vitest";
import { describe as described, type ModelInput } from "../../graphs/families.ts";
import { beginningOf } from "../../runtime/beginning.ts";
import { nodeHost } from "../../runtime/host/node.ts";
import { nodePlatform } from "../../runtime/node-platform.ts";
import { Trainer } from "../../runtime/trainer.ts";
import { TrainingRun } from "../../runtime/training-run.ts";
import { Images } from "../../src/data/images.ts";
import { Random } from "../../src/data/random.ts";
import type { Tensors } from "../../src/ir/tensor.ts";
import { tinyModel } from "../support/tiny.ts";
import { digits, follow } from "../support/training.ts";

const SIZE = 8 * 8;

/** Two channels of 8 × 8: the first is dark and has a pixel that is always black, and one that is always white. */
const random = new Random(4, "pixels");
const bytes = Uint8Array.from({ length: 50 * 2 * SIZE }, (_, i) => {
  const pixel = i % (2 * SIZE);
  if (pixel === 3) return 0;
  if (pixel === 5) return 255;
  return random.integer(pixel < SIZE ? 60 : 200);
});
const images = new Images({ channels: 2, height: 8, width: 8 }, bytes);

const vae = (settings: object) =>
  described({
    ...{ family: "vae", image: images.image, hidden: [5], latent: 2, outputBias: "mean" },
    ...settings,
  } as ModelInput);

function mean(of: (pixel: number) => boolean): number {
  const picked = [...bytes].filter((_, i) => of(i % (2 * SIZE)));
  return picked.reduce((sum, byte) => sum + byte / 255, 0) / picked.length;
}

const probability = (logOdds: number) => 1 / (1 + Math.exp(-logOdds));
const biasIn = (tensors: Tensors) => tensors["decoder.output.bias"]!.data as Float32Array;

describe("an output that begins at the mean of the images", () => {
  test("of a dense decoder has the log-odds of each pixel, none of them impossible", async () => {
    const begun = await beginningOf(vae({}), images, nodeHost);
    expect(Object.keys(begun!)).toEqual(["decoder.output.bias"]);
    const bias = biasIn(begun!);
    expect(bias.length).toBe(2 * SIZE);
    expect(probability(bias[3]!)).toBeCloseTo(0.001, 8);
    expect(probability(bias[5]!)).toBeCloseTo(0.999, 6);
    for (const pixel of [0, 17, 63, 64, 127])
      expect(probability(bias[pixel]!)).toBeCloseTo(
        mean((at) => at === pixel),
        6,
      );
  });

  test("of a convolutional decoder has those of each channel", async () => {
    const bias = biasIn((await beginningOf(vae({ filters: [3] }), images, nodeHost))!);
    expect(Array.from(bias, probability)).toEqual([
      expect.closeTo(
        mean((at) => at < SIZE),
        6,
      ),
      expect.closeTo(
        mean((at) => at >= SIZE),
        6,
      ),
    ]);
  });

  test("of a conditional decoder, which is told more than a code, has those of each pixel too", async () => {
    const begun = await beginningOf(vae({ classes: 3 }), images, nodeHost);
    expect(begun).toEqual(await beginningOf(vae({}), images, nodeHost));
  });

  test("is what a training begins with; all else is drawn as without it", async () => {
    const opened = async (settings: object) => {
      const data = { train: images, validation: images };
      const trainer = await Trainer.open(vae(settings), { epochs: 1, batch: 10 }, data, { host: nodeHost });
      const { state } = await trainer.checkpoint();
      await trainer.release();
      return state;
    };
    const [begun, drawn] = [await opened({}), await opened({ outputBias: "initialiser" })];
    expect(probability(biasIn(begun)[5]!)).toBeCloseTo(0.999, 6);
    expect({ ...begun, "decoder.output.bias": null }).toEqual({ ...drawn, "decoder.output.bias": null });
  });

  test("is what a run begins with: the log-odds of its training images", async () => {
    const run = new TrainingRun({ ...tinyModel, outputBias: "mean" }, digits, { epochs: 0 }, nodePlatform);
    await follow(run);
    const bias = biasIn(run.parameters);
    const { data, count } = digits.train.images;
    for (const pixel of [0, 210, 406, 600]) {
      const sum = Array.from({ length: count }, (_, i) => data[i * 784 + pixel]! / 255).reduce(
        (a, b) => a + b,
      );
      expect(probability(bias[pixel]!)).toBeCloseTo(Math.max(0.001, sum / count), 6);
    }
  });

  test("is for a Bernoulli likelihood alone, and nothing is computed for other models", async () => {
    expect(() => vae({ likelihood: { kind: "gaussian" } })).toThrow(
      /^model: outputBias is wrong \(only a Bernoulli likelihood has log-odds to begin at; [^{]*\)$/,
    );
    expect(await beginningOf(vae({ outputBias: "initialiser" }), images, nodeHost)).toBeUndefined();
  });
});
