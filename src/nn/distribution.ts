/** Distributions over batches: one independent variable for every element of a row. Everything is in nats. */
import { within } from "../ir/origin.ts";
import { scalar } from "../ir/tensor.ts";
import { constant, type Value } from "../ir/value.ts";
// biome-ignore format: one list of names
import {
  abs, add, div, exp, flatten, log, logSoftmax, mul, neg, reduceSum, relu, reshape, sigmoid, slice, softmax, softplus,
  square, sub,
} from "../ops/index.ts";
import { dense } from "./layer.ts";
import type { Scope } from "./scope.ts";

type Floats = Value<"float32">;

/** Normal variables with a mean and the logarithm of a variance each: `[batch, n]`. */
export interface DiagonalGaussian {
  readonly mean: Floats;
  readonly logVariance: Floats;
}

/** What a decoder says of an image: the mean of each pixel, and how probable given pixels are. */
export interface Likelihood {
  /** `[rows, pixels]`, in [0, 1]. */
  readonly mean: Floats;
  /** −log p(x) of each row of `[rows, pixels]`, summed over its pixels: nats `[rows]`; `x` may broadcast. */
  readonly negativeLogProbability: (x: Floats) => Floats;
  /** The same in fewer passes over the pixels, where no gradient is wanted; left out where there is no such way. */
  readonly measured?: (x: Floats) => Floats;
}

/** A Gaussian posterior from dense layers `mean` and `log_variance`. */
export function diagonalGaussian(scope: Scope, size: number): (h: Floats) => DiagonalGaussian {
  return (h) => ({
    mean: dense(scope.at("mean"), size)(h),
    logVariance: dense(scope.at("log_variance"), size)(h),
  });
}

/** mean + σ · noise (Kingma & Welling 2014, §2.4): a differentiable draw from standard normal `noise`. */
export function reparameterize({ mean, logVariance }: DiagonalGaussian, noise: Floats): Floats {
  return within("latent", () => add(mean, mul(exp(mul(logVariance, 0.5)), noise)));
}

/** KL(q ‖ N(0, 1)) of each variable, in closed form (Kingma & Welling 2014, appendix B): `[batch, n]` → nats `[batch, n]`. */
export function klToStandardNormal({ mean, logVariance }: DiagonalGaussian): Floats {
  return mul(sub(sub(add(exp(logVariance), square(mean)), logVariance), 1), 0.5);
}

/** log q(z) of each row: the last axis is summed, leading axes of `z` broadcast. */
export function gaussianLogProbability(z: Floats, { mean, logVariance }: DiagonalGaussian): Floats {
  const deviation = div(square(sub(z, mean)), exp(logVariance));
  return mul(reduceSum(add(add(deviation, logVariance), Math.log(2 * Math.PI)), [-1]), -0.5);
}

/** log N(z; 0, 1) of each row: the last axis is summed. */
export function standardNormalLogProbability(z: Floats): Floats {
  return mul(reduceSum(add(square(z), Math.log(2 * Math.PI)), [-1]), -0.5);
}

/** Pixels as probabilities of being white, from logits `[rows, pixels]`; the loss stays stable for any logit. */
export function bernoulli(scope: Scope): (logits: Floats) => Likelihood {
  return (logits) => {
    const at = scope.at("output");
    return {
      mean: at.within(() => sigmoid(logits)),
      negativeLogProbability: (x) =>
        within("reconstruction", () => reduceSum(sub(softplus(logits), mul(x, logits)), [-1])),
      // log(1 + eˡ) = max(l, 0) − log σ(|l|), and a sum of logarithms is one of a product: they are most of the cost.
      measured: (x) =>
        within("reconstruction", () => {
          const certain = log(products(sigmoid(abs(logits))));
          return sub(reduceSum(sub(relu(logits), mul(x, logits)), [-1]), reduceSum(certain, [-1]));
        }),
    };
  };
}

/** Products of up to 16 elements of each row `[rows, n]`, as far as `n` can be halved: of numbers from ½ to 1, far from 0. */
function products(x: Floats): Floats {
  let product = x;
  let width = x.shape.at(-1)!;
  for (let factors = 1; factors < 16 && typeof width === "number" && width % 2 === 0; factors *= 2) {
    const half: number = width / 2;
    product = mul(slice(product, -1, 0, half), slice(product, -1, half, width));
    width = half;
  }
  return product;
}

/** Pixels as normal variables of one fixed variance around `mean` `[rows, pixels]`. */
export function normal(mean: Floats, variance: number): Likelihood {
  const constants = Math.log(2 * Math.PI * variance);
  return {
    mean,
    negativeLogProbability: (x) =>
      within("reconstruction", () =>
        mul(reduceSum(add(mul(square(sub(x, mean)), 1 / variance), constants), [-1]), 0.5),
      ),
  };
}

/** Of pixels around `mean` `[rows, pixels]` the squared error: −log p(x) for a variance of ½, but for a constant. */
export function squaredError(mean: Floats): Likelihood {
  return {
    mean,
    negativeLogProbability: (x) => within("reconstruction", () => reduceSum(square(sub(x, mean)), [-1])),
  };
}

/** The variance of every pixel: a number, or one that is learned with the rest (Rybkin et al. 2021, σ-VAE). */
export type Variance = number | "learned";

/**
 * Pixels as normal variables around the sigmoid of `output` `[rows, pixels]`; a learned variance is exp of
 * `log_variance` `[1]`.
 */
export function gaussian(scope: Scope, variance: Variance): (output: Floats) => Likelihood {
  return (output) => {
    const mean = scope.at("output").within(() => sigmoid(output));
    return {
      mean,
      negativeLogProbability: (x) =>
        within("reconstruction", () => {
          // Asked for here, so that a decoder that only shows the mean has no such weight.
          const logVariance =
            variance === "learned"
              ? scope.parameter("log_variance", [1], { kind: "constant", value: 0 })
              : constant(scalar("float32", Math.log(variance)));
          const deviation = mul(square(sub(x, mean)), exp(neg(logVariance)));
          return mul(reduceSum(add(add(deviation, logVariance), Math.log(2 * Math.PI)), [-1]), 0.5);
        }),
    };
  };
}

/**
 * Places of which one of `channels` is 1 and the others are 0, from logits `[rows, channels · places]`, channel by
 * channel.
 */
export function categorical(scope: Scope, channels: number): (logits: Floats) => Likelihood {
  return (logits) => {
    const split = reshape(logits, [0, channels, -1]);
    return {
      mean: scope.at("output").within(() => flatten(softmax(split, 1))),
      negativeLogProbability: (x) =>
        within("reconstruction", () => neg(reduceSum(mul(x, flatten(logSoftmax(split, 1))), [-1]))),
    };
  };
}
