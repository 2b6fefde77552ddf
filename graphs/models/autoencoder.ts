/** Plain autoencoders: linear, deep, convolutional, denoising, sparse or contractive, as their settings say. */
import { z } from "zod";
import { activated, dense } from "../../src/nn/layer.ts";
import { activation, imageShape, initialiser, size } from "../config.ts";
import { corruption, corruptionOf } from "../corruption.ts";
import { deterministic } from "../deterministic.ts";
import { likelihoodOf, objectiveOf, reconstructionLoss } from "../likelihood.ts";
import { family } from "../model.ts";
import { decoderNetwork, encoderNetwork, networks, summaryOf } from "../networks.ts";
import { penalty, penaltyOf } from "../penalty.ts";

export const autoencoder = family({
  config: z
    .strictObject({
      family: z.literal("autoencoder"),
      image: imageShape,
      latent: size.default(32),
      ...networks,
      /** `pca`: a linear model begins as the principal components of its training images. */
      initialiser: z.union([initialiser, z.literal("pca")]).default("pytorch"),
      /** What the code's layer ends in. */
      codeActivation: activation.default("linear"),
      likelihood: reconstructionLoss.default({ kind: "squared-error", output: "sigmoid" }),
      /** What is done to the images that the encoder is shown. */
      corruption: corruption.optional(),
      /** What the code costs, times the KL weight. */
      penalty: penalty.optional(),
    })
    .refine(({ penalty, codeActivation }) => penalty?.kind !== "kl" || codeActivation === "sigmoid", {
      path: ["codeActivation"],
      message: "the KL sparsity is of a code between 0 and 1: sigmoid",
    }),
  summary: (config) => `${summaryOf(config)}-${config.latent}`,
  model: (config, scope) => {
    const { image, latent } = config;
    const features = encoderNetwork(scope.at("encoder"), config);
    const code = dense(scope.at("encoder").at("code"), latent);
    const ending = activated(scope.at("encoder").at("code"), config.codeActivation);
    const decoder = decoderNetwork(scope.at("decoder"), config);
    const pixelsAre = likelihoodOf(config.likelihood, scope.at("decoder"), image.channels);
    return deterministic({
      image,
      latent,
      facts: objectiveOf(config.likelihood),
      corrupt: config.corruption && corruptionOf(config.corruption, image),
      penalty: config.penalty && penaltyOf(config.penalty, latent),
      encode: (image) => ending(code(features(image))),
      decode: (latent) => pixelsAre(decoder(latent)),
    });
  },
});
