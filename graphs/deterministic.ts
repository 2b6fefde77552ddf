/** What every plain autoencoder shares: an image to one code, a code to one image, and no prior in between. */
import type { ImageShape } from "../src/data/images.ts";
import type { Likelihood } from "../src/nn/distribution.ts";
import { add, mul, neg, reduceSum, reshape } from "../src/ops/index.ts";
import type { Floats, Model } from "./model.ts";
import { rows } from "./variational.ts";

/** The halves of a plain autoencoder; the likelihood's loss need not be one of a distribution. */
export interface PlainHalves {
  readonly image: ImageShape;
  readonly encode: (image: Floats) => Floats;
  readonly decode: (latent: Floats) => Likelihood;
}

/** A model that is trained on its reconstructions alone: kl is 0, and the noise is not looked at. */
export function deterministic({ image: shape, encode, decode }: PlainHalves): Model {
  const lossOf = (image: Floats) => decode(encode(image)).negativeLogProbability(rows(image));
  const zeros = (noise: Floats) => mul(reduceSum(noise, [-1]), 0);
  return {
    encode: (image) => ({ code: encode(image) }),
    decode: (latent) => reshape(decode(latent).mean, [0, shape.channels, shape.height, shape.width]),
    terms: (image, noise) => ({ reconstruction: lossOf(image), kl: zeros(noise) }),
    importance: (image, noise) => {
      const reconstruction = lossOf(image);
      const logWeights = add(neg(reconstruction), zeros(noise));
      return { reconstruction, kl: mul(reduceSum(noise, [0, -1]), 0), logWeights };
    },
  };
}
