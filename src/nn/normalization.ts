/** Layers that bring activations to mean 0 and variance 1, then to a learned scale and shift. */
import { fail } from "../ir/error.ts";
import { showShape, staticShape } from "../ir/shape.ts";
import type { Value } from "../ir/value.ts";
import {
  add,
  div,
  mul,
  reciprocal,
  reduceMean,
  sqrt,
  square,
  squeeze,
  sub,
  unsqueeze,
} from "../ops/index.ts";
import type { Init } from "./init.ts";
import type { Layer } from "./layer.ts";
import type { Scope } from "./scope.ts";

type Floats = Value<"float32">;

/** Added to a variance before its root is taken; PyTorch's, as is the momentum. */
const epsilon = 1e-5;
/** The share of a batch in the running statistics. */
const momentum = 0.1;

const zero: Init = { kind: "constant", value: 0 };
const one: Init = { kind: "constant", value: 1 };

/**
 * Each row over all of its elements (Ba et al. 2016): `[batch, …]` → the same, with `weight` and `bias` of a row's shape.
 */
export function layerNorm(scope: Scope): Layer {
  return (x) => {
    const shape = staticShape(scope.name, x.shape.slice(1));
    if (shape.length === 0) fail(scope.name, `a layer is normalised over rows, has ${showShape(x.shape)}`);
    const weight = scope.parameter("weight", shape, one);
    const bias = scope.parameter("bias", shape, zero);
    return scope.within(() => {
      const axes = shape.map((_, i) => i + 1);
      const { centred, variance } = moments(x, axes);
      const normal = mul(centred, reciprocal(sqrt(add(variance, epsilon))));
      return add(mul(normal, weight), bias);
    });
  };
}

/**
 * Each channel over the batch and the image (Ioffe & Szegedy 2015): `[batch, channels]` or
 * `[batch, channels, height, width]` → the same, with `weight`, `bias` and the buffers `running_mean` and `running_var`,
 * `[channels]`.
 *
 * In training the statistics are the batch's own, and the running ones are moved a tenth of the way to them (the variance
 * as the unbiased estimate); where one scope's layer is called twice, only the last call moves them. Otherwise the
 * running ones are used. Throws in training where a batch has one value a channel, or a size that is not known.
 */
export function batchNorm(scope: Scope): Layer {
  return (x) => {
    if (x.shape.length !== 2 && x.shape.length !== 4)
      fail(scope.name, `a batch is normalised as a matrix or as images, is ${showShape(x.shape)}`);
    const channels = staticShape(scope.name, [x.shape[1]!]);
    const weight = scope.parameter("weight", channels, one);
    const bias = scope.parameter("bias", channels, zero);
    const mean = scope.buffer("running_mean", channels, zero);
    const variance = scope.buffer("running_var", channels, one);
    // A number a channel, in front of the image's axes if there is one.
    const spread = (statistic: Floats) => (x.shape.length === 2 ? statistic : unsqueeze(statistic, [1, 2]));
    return scope.within(() => {
      if (!scope.isTraining) {
        const scale = div(weight, sqrt(add(variance, epsilon)));
        return add(mul(x, spread(scale)), spread(sub(bias, mul(mean, scale))));
      }
      const axes = x.shape.length === 2 ? [0] : [0, 2, 3];
      const batch = moments(x, axes);
      const count = staticShape(scope.name, x.shape).reduce((a, b) => a * b, 1) / channels[0]!;
      if (count < 2) fail(scope.name, `one value a channel has no variance: ${showShape(x.shape)}`);
      const unbiased = mul(squeeze(batch.variance, axes), count / (count - 1));
      scope.update("running_mean", moved(mean, squeeze(batch.mean, axes)));
      scope.update("running_var", moved(variance, unbiased));
      const scale = div(spread(weight), sqrt(add(batch.variance, epsilon)));
      return add(mul(batch.centred, scale), spread(bias));
    });
  };
}

/** Mean and (biased) variance over `axes`, which stay with size 1, and what `x` is about its mean. */
function moments(x: Floats, axes: readonly number[]) {
  const mean = reduceMean(x, axes, { keepDims: true });
  const centred = sub(x, mean);
  return { mean, centred, variance: reduceMean(square(centred), axes, { keepDims: true }) };
}

function moved(running: Floats, batch: Floats): Floats {
  return add(running, mul(sub(batch, running), momentum));
}
