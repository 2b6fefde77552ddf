/** What every variational autoencoder shares: the evidence lower bound of an encoder and a decoder. */

import type { ImageShape } from "../src/data/images.ts";
import { pixelsOf } from "../src/data/images.ts";
import { within } from "../src/ir/origin.ts";
import { staticShape } from "../src/ir/shape.ts";
// biome-ignore format: one list of names
import {
  bernoulli, type DiagonalGaussian, gaussian, gaussianLogProbability, klToStandardNormal, type Likelihood,
  reparameterize, standardNormalLogProbability,
} from "../src/nn/distribution.ts";
import type { Scope } from "../src/nn/scope.ts";
import { add, flatten, mul, neg, reduceMean, reduceSum, reshape, sub } from "../src/ops/index.ts";
import type { LikelihoodConfig } from "./config.ts";
import type { Floats, Model } from "./model.ts";

/** The halves of a VAE: images to a posterior over codes, codes to a likelihood of images. */
export interface Halves {
  readonly image: ImageShape;
  readonly encode: (image: Floats) => DiagonalGaussian;
  readonly decode: (latent: Floats) => Likelihood;
}

/** Images as the rows of a matrix. */
export const rows = (image: Floats) => within("image", () => flatten(image));
const klOf = (posterior: DiagonalGaussian) =>
  within("kl", () => reduceSum(klToStandardNormal(posterior), [-1]));

/** What a configuration says that pixels are, for what a decoder puts out: `[rows, pixels]`. */
export function likelihoodOf(config: LikelihoodConfig, scope: Scope): (output: Floats) => Likelihood {
  return config.kind === "bernoulli" ? bernoulli(scope) : gaussian(scope, config.variance);
}

/** A model that is trained on −ELBO = reconstruction + KL (Kingma & Welling 2014, eq. 7). */
export function variational({ image: shape, encode, decode }: Halves): Model {
  return {
    encode: (image) => {
      const { mean, logVariance } = encode(image);
      return { mean, log_variance: logVariance };
    },
    decode: (latent) => reshape(decode(latent).mean, [0, shape.channels, shape.height, shape.width]),
    terms: (image, noise) => {
      const posterior = encode(image);
      const { negativeLogProbability } = decode(reparameterize(posterior, noise));
      return {
        reconstruction: negativeLogProbability(rows(image)),
        kl: klOf(posterior),
      };
    },
    importance: (image, noise) => {
      const [draws, latent] = staticShape("importance", [noise.shape[0]!, noise.shape[2]!]) as [
        number,
        number,
      ];
      const posterior = encode(image);
      const codes = reparameterize(posterior, noise);
      const { negativeLogProbability } = decode(reshape(codes, [-1, latent]));
      // Every draw meets the same image: zeros of the noise's shape repeat it, whatever the batch is.
      const zeros = mul(reduceSum(noise, [-1], { keepDims: true }), 0);
      const images = reshape(add(rows(image), zeros), [-1, pixelsOf(shape)]);
      const reconstruction = reshape(negativeLogProbability(images), [draws, -1]);
      const prior = sub(standardNormalLogProbability(codes), gaussianLogProbability(codes, posterior));
      return {
        reconstruction: reduceMean(reconstruction, [0]),
        kl: klOf(posterior),
        logWeights: add(neg(reconstruction), prior),
      };
    },
  };
}
