/**
 * The emitted graphs of a tiny VAE as text, to be read: whoever changes what is emitted sees it in the difference.
 *
 * `npx vitest run test/pure/golden.test.ts -u` writes `golden/*.txt` anew.
 */
import { expect, test } from "vitest";
import { parse } from "../../graphs/config.ts";
import { evaluationGraph } from "../../graphs/evaluation.ts";
import { describe } from "../../graphs/families.ts";
import { decoderGraph, encoderGraph } from "../../graphs/inference.ts";
import { stepGraph } from "../../graphs/step.ts";
import { trainingGraph } from "../../graphs/training.ts";
import { trainingConfig } from "../../graphs/training-config.ts";
import { print } from "../../src/ir/print.ts";

const model = describe({
  family: "vae",
  image: { channels: 1, height: 2, width: 2 },
  hidden: [3],
  latent: 2,
});
const training = parse(trainingConfig, { batch: 5, optimizer: { kind: "sgd" } }, "training");
const withAdam = parse(trainingConfig, { batch: 5, clipNorm: 1 }, "training");

const graphs = {
  encoder: encoderGraph(model),
  decoder: decoderGraph(model),
  evaluation: evaluationGraph(model, 7),
  step: stepGraph(model, training),
  "step-adam-clipped": stepGraph(model, withAdam),
  training: trainingGraph(model, training),
};

test.each(Object.entries(graphs))("%s", async (name, graph) => {
  await expect(`${print(graph)}\n`).toMatchFileSnapshot(`golden/${name}.txt`);
});
