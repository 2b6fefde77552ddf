/** What every variational autoencoder shares: the evidence lower bound of an encoder and a decoder. */

import type { ImageShape } from "../src/data/images.ts";
import { pixelsOf } from "../src/data/images.ts";
import { within } from "../src/ir/origin.ts";
// biome-ignore format: one list of names
import {
  type DiagonalGaussian, gaussianLogProbability, klToStandardNormal, type Likelihood, reparameterize,
  standardNormalLogProbability,
} from "../src/nn/distribution.ts";
// biome-ignore format: one list of names
import { add, cast, exp, less, log, max, mul, neg, reduceMax, reduceMean, reduceSum, reshape, sub } from "../src/ops/index.ts";
import type { Batch } from "./batch.ts";
import type { Facts, Floats, Model, Terms } from "./model.ts";
import { rows } from "./networks.ts";

/** The halves of a VAE: images to a posterior over codes, codes to a likelihood of images. */
export interface Halves {
  readonly image: ImageShape;
  readonly latent: number;
  readonly facts: Pick<Facts, "unit" | "objective">;
  readonly encode: (image: Floats, condition?: Floats) => DiagonalGaussian;
  readonly decode: (latent: Floats, condition?: Floats) => Likelihood;
  /** What both halves are told besides, such as the class: `[batch, n]`. */
  readonly condition?: ((batch: Batch) => Floats) | undefined;
}

/** How the bound is trained on and measured. */
export interface BoundOptions {
  /** Draw black and white pixels anew from their gray values for every step (Salakhutdinov & Murray 2008). */
  readonly binarise?: boolean;
  /** Draws of the code in the bound: more than one makes it tighter (IWAE; Burda et al. 2016, eq. 8). */
  readonly importanceSamples?: number;
  /** Nats that each latent dimension may cost, on average over the batch, before it counts (Kingma et al. 2016, eq. 15). */
  readonly freeBits?: number;
}

/** A model that is trained on −ELBO = reconstruction + KL (Kingma & Welling 2014, eq. 7), or a tighter bound. */
export function variational(
  { image: shape, latent, facts, encode, decode, condition }: Halves,
  { binarise = false, importanceSamples = 1, freeBits = 0 }: BoundOptions = {},
): Model {
  const { channels, height, width } = shape;
  const observed = (batch: Batch) =>
    binarise
      ? within("binarise", () =>
          cast(less(batch.uniform("binarisation", [channels, height, width]), batch.image), "float32"),
        )
      : batch.image;

  /** Over several draws, the reconstruction and the importance weights of each: `[draws, batch]`. */
  const weigh = (batch: Batch, image: Floats, posterior: DiagonalGaussian, draws: number) => {
    const codes = reparameterize(posterior, batch.normal("noise", [latent], draws));
    // Every draw meets the same image: zeros of the codes' shape repeat it, whatever the batch is.
    const zeros = mul(reduceSum(codes, [-1], { keepDims: true }), 0);
    const repeated = (x: Floats, width: number) => reshape(add(x, zeros), [-1, width]);
    const given = condition?.(batch);
    const told = given && repeated(given, given.shape[1] as number);
    const { negativeLogProbability } = decode(reshape(codes, [-1, latent]), told);
    const reconstruction = reshape(negativeLogProbability(repeated(rows(image), pixelsOf(shape))), [
      draws,
      -1,
    ]);
    return { reconstruction, logWeights: sub(priorRatio(codes, posterior), reconstruction) };
  };

  return {
    latent,
    facts: { ...facts, penalty: "KL divergence", hasPrior: true },
    encode: (batch) => {
      const { mean, logVariance } = encode(batch.image, condition?.(batch));
      return { mean, log_variance: logVariance };
    },
    decode: (code, batch) => reshape(decode(code, condition?.(batch)).mean, [0, channels, height, width]),
    terms: (batch) => {
      const image = observed(batch);
      const given = condition?.(batch);
      const posterior = encode(image, given);
      if (importanceSamples > 1) {
        const { reconstruction, logWeights } = weigh(batch, image, posterior, importanceSamples);
        return tightened(reconstruction, logWeights, importanceSamples);
      }
      const code = reparameterize(posterior, batch.normal("noise", [latent]));
      const { negativeLogProbability } = decode(code, given);
      return {
        reconstruction: negativeLogProbability(rows(image)),
        kl: within("kl", () => klOf(posterior, freeBits)),
      };
    },
    evaluate: (batch, draws) => {
      const image = observed(batch);
      const posterior = encode(image, condition?.(batch));
      const count = Math.max(draws, importanceSamples);
      const { reconstruction, logWeights } = weigh(batch, image, posterior, count);
      const divergence = within("kl", () => klToStandardNormal(posterior));
      const details = { kl_per_dimension: divergence, mean: posterior.mean };
      // What is trained on several samples is measured by their bound as well.
      if (importanceSamples > 1)
        return { ...tightened(reconstruction, logWeights, count), logWeights, details };
      const kl = within("kl", () => reduceSum(divergence, [-1]));
      return { reconstruction: reduceMean(reconstruction, [0]), kl, logWeights, details };
    },
    weighing: {
      posterior: (batch) => {
        const image = observed(batch);
        const given = condition?.(batch);
        const { mean, logVariance } = encode(image, given);
        return {
          mean,
          log_variance: logVariance,
          observed: rows(image),
          ...(given && { condition: given }),
        };
      },
      logWeights: ({ mean, log_variance, observed, condition: given }, noise) => {
        const posterior = { mean: mean!, logVariance: log_variance! };
        const codes = reparameterize(posterior, noise);
        const told = given && add(given, mul(reduceSum(codes, [-1], { keepDims: true }), 0));
        // The pixels stay one row: that they are the same for every draw, the likelihood broadcasts.
        const { negativeLogProbability, measured = negativeLogProbability } = decode(codes, told);
        return sub(priorRatio(codes, posterior), measured(observed!));
      },
    },
  };
}

/** log p(z) − log q(z | x) of each draw: the last axis is summed. */
function priorRatio(codes: Floats, posterior: DiagonalGaussian): Floats {
  return sub(standardNormalLogProbability(codes), gaussianLogProbability(codes, posterior));
}

/** KL(q ‖ N(0, 1)) `[batch]`; with free bits, a dimension's mean over the batch counts as that much at least. */
function klOf(posterior: DiagonalGaussian, freeBits: number): Floats {
  const divergence = klToStandardNormal(posterior);
  const each = reduceSum(divergence, [-1]);
  if (freeBits === 0) return each;
  const total = reduceSum(max(reduceMean(divergence, [0]), freeBits));
  return add(mul(each, 0), total);
}

/** The bound of several draws (Burda et al. 2016, eq. 8) as two terms: the mean reconstruction, and what is left. */
function tightened(reconstruction: Floats, logWeights: Floats, count: number): Required<Terms> {
  const mean = reduceMean(reconstruction, [0]);
  const kl = within("kl", () => sub(neg(logMeanExp(logWeights, count)), mean));
  return { reconstruction: mean, kl };
}

/** log (1/k Σ exp x) over the first axis of `[k, batch]`. */
function logMeanExp(x: Floats, count: number): Floats {
  const largest = reduceMax(x, [0], { keepDims: true });
  const sums = reduceSum(exp(sub(x, largest)), [0]);
  return add(reduceSum(largest, [0]), sub(log(sums), Math.log(count)));
}
