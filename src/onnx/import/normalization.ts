/** Normalisations as compositions: a mean and a variance, then scale and shift. */
import { arrayOf, type Float } from "../../ir/dtype.ts";
import { fail } from "../../ir/error.ts";
import { axisOf, staticShape } from "../../ir/shape.ts";
import { type Tensor, tensor } from "../../ir/tensor.ts";
import { constant, type Value } from "../../ir/value.ts";
import { add, div, mul, reduceMean, reshape, reshapeTarget, sqrt, square, sub } from "../../ops/index.ts";
import type { Foreign } from "./foreign.ts";

type Floats = Value<Float>;

/** `[channels]` in a shape that broadcasts to `x` `[batch, channels, …]`. */
function alongChannels(vector: Floats, x: Floats): Floats {
  const ones = x.shape.slice(2).map(() => 1);
  return ones.length === 0 ? vector : reshape(vector, [...staticShape("channels", vector.shape), ...ones]);
}

/** Mean 0 and variance 1 over `axes`. */
function standardized(x: Floats, axes: readonly number[], epsilon: number): Floats {
  const centred = sub(x, reduceMean(x, axes, { keepDims: true }));
  const variance = reduceMean(square(centred), axes, { keepDims: true });
  return div(centred, sqrt(add(variance, epsilon)));
}

/**
 * With the running statistics as they are in the file (Ioffe & Szegedy 2015, alg. 2): they stay as they are, and a
 * model is fine-tuned as it infers.
 */
export function batchNormalization(node: Foreign): Value {
  const x = node.input();
  node.ignore("momentum", "spatial");
  if (node.int("training_mode", 0) !== 0 || node.counts.outputs > 1)
    fail(node.op, "is in training mode, which is not supported: export the model in evaluation mode");
  const epsilon = node.float("epsilon", 1e-5);
  const ones = x.shape.slice(2).map(() => 1);
  const frozen = ({ dtype, shape, data }: Tensor, change: (value: number) => number) => {
    const values = Array.from(data as Float32Array, change);
    return constant(tensor(dtype, [...shape, ...ones], arrayOf(dtype, values))) as Floats;
  };
  const inverse = frozen(node.tensor(4), (variance) => 1 / Math.sqrt(variance + epsilon));
  const scale = mul(alongChannels(node.input(1), x), inverse);
  const mean = frozen(node.tensor(3), (mean) => mean);
  // Scale and shift are as small as the channels: two passes over the images.
  return add(mul(x, scale), sub(alongChannels(node.input(2), x), mul(mean, scale)));
}

/** Over the last axes (Ba et al. 2016). */
export function layerNormalization(node: Foreign): Value {
  const x = node.input();
  node.ignore("stash_type");
  if (node.counts.outputs > 1) fail(node.op, "its second and third output are not supported");
  const first = axisOf(node.op, node.int("axis", -1), x.shape.length);
  const axes = x.shape.map((_, i) => i).slice(first);
  const scaled = mul(standardized(x, axes, node.float("epsilon", 1e-5)), node.input(1));
  const bias = node.optional(2);
  return bias ? add(scaled, bias) : scaled;
}

/** Each channel of each image by itself (Ulyanov et al. 2016). */
export function instanceNormalization(node: Foreign): Value {
  const x = node.input();
  const axes = x.shape.map((_, i) => i).slice(2);
  const y = standardized(x, axes, node.float("epsilon", 1e-5));
  return add(mul(y, alongChannels(node.input(1), x)), alongChannels(node.input(2), x));
}

/** Groups of channels of each image (Wu & He 2018); scale and shift are one a group before opset 21, one a channel since. */
export function groupNormalization(node: Foreign): Value {
  const x = node.input();
  node.ignore("stash_type");
  const groups = node.int("num_groups", 1);
  const [channels, ...spatial] = staticShape(node.op, x.shape.slice(1)) as [number, ...number[]];
  const inside = channels / groups;
  const grouped = reshape(x, [0, groups, inside, ...spatial]);
  const axes = grouped.shape.map((_, i) => i).slice(2);
  const y = standardized(grouped, axes, node.float("epsilon", 1e-5));
  const shape = [...(node.opset < 21 ? [groups, 1] : [groups, inside]), ...spatial.map(() => 1)];
  const [scale, shift] = [reshape(node.input(1), shape), reshape(node.input(2), shape)];
  return reshape(add(mul(y, scale), shift), reshapeTarget(x.shape));
}
