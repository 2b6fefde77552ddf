/** Variational autoencoders (Kingma & Welling 2014): dense or convolutional, of one class or told which, with any bound. */
import { z } from "zod";
import { tensor } from "../../src/ir/tensor.ts";
import { constant } from "../../src/ir/value.ts";
import { diagonalGaussian } from "../../src/nn/distribution.ts";
import { concat, gather } from "../../src/ops/index.ts";
import type { Batch } from "../batch.ts";
import { imageShape, initialiser, size } from "../config.ts";
import { likelihood, likelihoodOf, objectiveOf } from "../likelihood.ts";
import { type Floats, family } from "../model.ts";
import { decoderNetwork, encoderNetwork, networks, summaryOf } from "../networks.ts";
import { variational } from "../variational.ts";

export const vae = family({
  config: z
    .strictObject({
      family: z.literal("vae"),
      image: imageShape,
      latent: size.default(20),
      ...networks,
      initialiser: initialiser.default("pytorch"),
      likelihood: likelihood.default({ kind: "bernoulli" }),
      /**
       * Where the bias of the decoder's output begins: as the initialiser has it, or at the log-odds of the training
       * images' mean, so that no code need say what all images share (Burda et al.'s program; more dimensions come alive).
       */
      outputBias: z.enum(["initialiser", "mean"]).default("initialiser"),
      /** How many classes there are, where both halves are told an image's (Sohn et al. 2015). */
      classes: size.optional(),
      /** Whether pixels are drawn black or white for every step, each as likely as it is bright. */
      binarise: z.boolean().default(false),
      /** Draws of the code in the bound that is trained on; 1 is the VAE, more the IWAE (Burda et al. 2016). */
      importanceSamples: size.default(1),
      /** Nats that a latent dimension may cost before it counts (Kingma et al. 2016). */
      freeBits: z.number().min(0).default(0),
    })
    .refine(({ freeBits, importanceSamples }) => freeBits === 0 || importanceSamples === 1, {
      path: ["freeBits"],
      message: "a bound of several samples has no KL divergence to leave bits of free",
    })
    .refine(({ outputBias, likelihood: { kind } }) => outputBias === "initialiser" || kind === "bernoulli", {
      path: ["outputBias"],
      message: "only a Bernoulli likelihood has log-odds to begin at; others: outputBias=initialiser",
    }),
  summary: (config) => `${summaryOf(config)}-${config.latent}`,
  model: (config, scope) => {
    const { image, latent, classes, binarise, importanceSamples, freeBits } = config;
    const encoder = encoderNetwork(scope.at("encoder"), config);
    const posterior = diagonalGaussian(scope.at("encoder"), latent);
    const decoder = decoderNetwork(scope.at("decoder"), config);
    const pixelsAre = likelihoodOf(config.likelihood, scope.at("decoder"), image.channels);
    return variational(
      {
        image,
        latent,
        facts: objectiveOf(config.likelihood),
        condition: classes === undefined ? undefined : (batch) => oneHot(batch, classes),
        encode: (image, told) => posterior(encoder(image, told)),
        decode: (code, told) => pixelsAre(decoder(told === undefined ? code : concat([code, told], 1))),
      },
      { binarise, importanceSamples, freeBits },
    );
  },
});

/** The batch's labels as rows of which one element is 1: `[batch, classes]`. */
function oneHot(batch: Batch, classes: number): Floats {
  const unit = Float32Array.from({ length: classes ** 2 }, (_, i) => Number(i % (classes + 1) === 0));
  return gather(constant(tensor("float32", [classes, classes], unit)), batch.label);
}
