/** A variational autoencoder with dense halves (Kingma & Welling 2014, §3 and appendix C). */
import { z } from "zod";
import { pixelsOf } from "../../src/data/images.ts";
import { diagonalGaussian } from "../../src/nn/distribution.ts";
import { dense, mlp } from "../../src/nn/layer.ts";
import { activation, imageShape, initialiser, likelihood, size } from "../config.ts";
import { family } from "../model.ts";
import { likelihoodOf, rows, variational } from "../variational.ts";

export const vae = family({
  config: z.strictObject({
    family: z.literal("vae"),
    image: imageShape,
    latent: size.default(20),
    /** Widths of the encoder's hidden layers; the decoder has them in reverse. */
    hidden: z.array(size).default([400]),
    activation: activation.default("relu"),
    likelihood: likelihood.default({ kind: "bernoulli" }),
    initialiser: initialiser.default("pytorch"),
  }),
  summary: ({ image, hidden, latent }) => [pixelsOf(image), ...hidden, latent].join("-"),
  model: (config, scope) => {
    const pixels = pixelsOf(config.image);
    const encoder = mlp(scope.at("encoder"), config.hidden, config.activation);
    const posterior = diagonalGaussian(scope.at("encoder"), config.latent);
    const decoder = mlp(scope.at("decoder"), config.hidden.toReversed(), config.activation);
    const output = dense(scope.at("decoder").at("output"), pixels);
    const pixelsAre = likelihoodOf(config.likelihood, scope.at("decoder"));
    return variational({
      image: config.image,
      encode: (image) => posterior(encoder(rows(image))),
      decode: (latent) => pixelsAre(output(decoder(latent))),
    });
  },
});
