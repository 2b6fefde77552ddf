/** A decoder alone: it holds its training images in its weights, and draws each from a code of its own. */
import { z } from "zod";
import { type Tensor, tensor } from "../../src/ir/tensor.ts";
import { constant } from "../../src/ir/value.ts";
import { gather, reshape } from "../../src/ops/index.ts";
import type { Batch } from "../batch.ts";
import { imageShape, initialiser, size } from "../config.ts";
import { likelihoodOf, objectiveOf, reconstructionLoss } from "../likelihood.ts";
import { type Floats, family } from "../model.ts";
import { nearestOf } from "../nearest.ts";
import { decoderNetwork, networks, rows, summaryOf } from "../networks.ts";

export const memorizer = family({
  config: z
    .strictObject({
      family: z.literal("memorizer"),
      image: imageShape,
      ...networks,
      initialiser: initialiser.default("pytorch"),
      /** How many images it holds: the training images, all of them. */
      items: size,
      /** Their codes: ones (of one image alone), one-hot vectors, or vectors that are learned (Bojanowski et al. 2018). */
      codes: z.enum(["ones", "one-hot", "learned"]).default("one-hot"),
      /** The length of a code; one-hot ones are as long as there are items. */
      latent: size.default(16),
      likelihood: reconstructionLoss.default({ kind: "squared-error", output: "sigmoid" }),
    })
    .refine(({ codes, items }) => codes !== "ones" || items === 1, {
      path: ["items"],
      message: "codes of ones tell no images apart, so there can be one only",
    }),
  summary: (config) => `${config.items} images-${summaryOf(config).split("-").toReversed().join("-")}`,
  model: (config, scope) => {
    const { image, items, codes } = config;
    const latent = codes === "one-hot" ? items : config.latent;
    const decoder = decoderNetwork(scope.at("decoder"), config);
    const pixelsAre = likelihoodOf(config.likelihood, scope.at("decoder"), image.channels);
    const likelihood = (code: Floats) => pixelsAre(decoder(code));
    /** The code of every image: `[items, latent]`. */
    const table = () =>
      codes === "learned"
        ? scope.at("codes").parameter("weight", [items, latent], { kind: "normal", deviation: 1 })
        : constant(fixed(codes, items, latent));
    /** Of any images, the codes of those that it holds and that are nearest. */
    const recall = (batch: Batch) => gather(table(), nearestOf(rows(batch.image), likelihood(table()).mean));
    return {
      latent,
      facts: { ...objectiveOf(config.likelihood), penalty: null, hasPrior: false, isMemory: true },
      encode: (batch) => ({ code: recall(batch) }),
      decode: (code) => reshape(likelihood(code).mean, [0, image.channels, image.height, image.width]),
      terms: (batch) => ({
        reconstruction: likelihood(gather(table(), batch.position)).negativeLogProbability(rows(batch.image)),
      }),
      evaluate: (batch) => ({
        reconstruction: likelihood(recall(batch)).negativeLogProbability(rows(batch.image)),
      }),
    };
  },
});

function fixed(codes: "ones" | "one-hot", items: number, latent: number): Tensor<"float32"> {
  const isSet = (i: number) => codes === "ones" || i % (latent + 1) === 0;
  return tensor(
    "float32",
    [items, latent],
    Float32Array.from({ length: items * latent }, (_, i) => Number(isSet(i))),
  );
}
