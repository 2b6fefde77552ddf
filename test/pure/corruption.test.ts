/** Corruption against direct computation from the noise that was fed, and what a denoising model is asked for. */
import { expect, test } from "vitest";
import { Batch } from "../../graphs/batch.ts";
import { type CorruptionConfig, corruptionOf } from "../../graphs/corruption.ts";
import { describe } from "../../graphs/families.ts";
import { graph } from "../../src/ir/graph.ts";
import { computed, decoded, rowsOf, squaredDistance } from "../support/instance.ts";
import { run } from "../support/interpreter/interpreter.ts";

const image = { channels: 1, height: 2, width: 3 };
const pixels = [0.25, 0.5, 0.75, 1, 0, 0.125];
/** On both sides of each threshold, and on the thresholds themselves. */
const chances = [0.12, 0.125, 0.24, 0.25, 0.5, 0.99];

function corrupted(config: CorruptionConfig, noise: readonly number[]): readonly number[] {
  const batch = new Batch(image, 1);
  const shown = corruptionOf(config, image)(batch);
  const shape = [1, 1, 2, 3];
  const feeds = { image: { shape, data: pixels }, corruption: { shape, data: noise } };
  return run(graph("corruption", batch.inputs, { shown }), feeds).shown!.data;
}

test("masking blackens where chance falls short of the share", () => {
  expect(corrupted({ kind: "masking", share: 0.25 }, chances)).toEqual([0, 0, 0, 1, 0, 0.125]);
  expect(corrupted({ kind: "masking", share: 0 }, chances)).toEqual(pixels);
  expect(corrupted({ kind: "masking", share: 1 }, chances)).toEqual([0, 0, 0, 0, 0, 0]);
});

test("salt and pepper whiten one half of the share, and blacken the other", () => {
  expect(corrupted({ kind: "salt-and-pepper", share: 0.25 }, chances)).toEqual([1, 0, 0, 1, 0, 0.125]);
});

test("Gaussian noise is added with its deviation, and nothing is cut off", () => {
  const noise = [1, -1, 2, 2, -4, 0];
  expect(corrupted({ kind: "gaussian", deviation: 0.5 }, noise)).toEqual([0.75, 0, 1.75, 2, -2, 0.125]);
});

test.each(["masking", "salt-and-pepper", "gaussian"] as const)(
  "under %s a model is shown the corrupted image and asked for the clean one",
  (kind) => {
    const corruption = {
      kind,
      ...(kind === "gaussian" ? { deviation: 0.5 } : { share: 0.5 }),
    } as CorruptionConfig;
    const model = describe({ family: "autoencoder", image, hidden: [4], latent: 2, corruption });
    const { outputs, feeds } = computed(model, 3, (of, batch) => ({
      trained: of.terms(batch).reconstruction,
      measured: of.evaluate(batch, 1).reconstruction,
      shown: corruptionOf(corruption, image)(batch),
    }));
    const shown = { ...feeds, image: outputs.shown! };
    const { code } = computed(model, 3, (of, batch) => of.encode(batch), shown).outputs;
    const images = decoded(model, rowsOf(code!), feeds);
    const expected = rowsOf(feeds.image!).map((clean, i) => squaredDistance(images[i]!, clean));
    for (const [i, value] of expected.entries()) {
      expect(outputs.trained!.data[i]).toBeCloseTo(value, 10);
      expect(outputs.measured!.data[i]).toBeCloseTo(value, 10);
    }
  },
);
