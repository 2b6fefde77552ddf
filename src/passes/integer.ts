/** Floats as small integers: `x ≈ scale · (q − zero point)`, on the host. */
import { fail } from "../ir/error.ts";
import { filled, sizeOf, type Tensor, tensor } from "../ir/tensor.ts";

/** The least and the largest of some numbers. */
export type Range = readonly [low: number, high: number];

/** What stands for 0 in weights of uint8: as many steps are above it as are used below, 127. */
export const CENTRE = 128;
const STEPS = 127;

/** Integers and what one step of them is worth: a number for each channel. */
export interface Quantised<D extends "uint8" | "int32"> {
  readonly q: Tensor<D>;
  readonly scale: Tensor<"float32">;
}

/**
 * Weights as uint8 around `CENTRE`, each within half a step. A channel's step is the largest magnitude in it / 127, but
 * at least `least`; 1 where all of it is 0. Throws where an element is not finite.
 */
export function weightIntegers(
  { shape, data }: Tensor<"float32">,
  axis: number,
  least: (channel: number) => number,
  subject: string,
): Quantised<"uint8"> {
  const count = shape[axis]!;
  const stride = sizeOf(shape.slice(axis + 1));
  const channel = (i: number) => Math.floor(i / stride) % count;
  const largest = new Float64Array(count);
  for (const [i, value] of data.entries()) {
    if (!Number.isFinite(value))
      fail(subject, "has elements that are not finite, which no integer stands for");
    largest[channel(i)] = Math.max(largest[channel(i)]!, Math.abs(value));
  }
  // In float32 a step of the smallest magnitudes would be 0.
  const step = (magnitude: number, i: number) => Math.fround(Math.max(magnitude / STEPS, least(i))) || 1;
  const scale = Float32Array.from(largest, step);
  const q = Uint8Array.from(data, (value, i) => {
    const steps = Math.round(value / scale[channel(i)]!);
    return CENTRE + Math.min(Math.max(steps, -STEPS), STEPS);
  });
  return { q: tensor("uint8", shape, q), scale: tensor("float32", [count], scale) };
}

/** The zero points of weights of so many channels. */
export function centres(channels: number): Tensor<"uint8"> {
  return filled("uint8", [channels], CENTRE);
}

/** The step and the zero point of uint8 over a range and 0, which is itself one of the 256 steps' ends. */
export function stepsOver([low, high]: Range): { readonly scale: number; readonly zeroPoint: number } {
  const [least, most] = [Math.min(0, low), Math.max(0, high)];
  const scale = Math.fround((most - least) / 255) || 1;
  return { scale, zeroPoint: Math.min(255, Math.round(-least / scale)) };
}

/** How far integers of a bias may go: half as far as int32 does, which leaves the sum that they are added to its room. */
const FARTHEST = 2 ** 30;

/** The least step of a weight's channel with which a bias still fits int32, in products with inputs of step `scale`. */
export function leastStep(bias: number, scale: number): number {
  return Math.abs(bias) / (scale * FARTHEST);
}

/** A bias as what is added to the integer sums of a layer: its steps are the products of those of inputs and weights. */
export function biasIntegers(
  { shape, data }: Tensor<"float32">,
  inputs: number,
  weights: Tensor<"float32">,
): Quantised<"int32"> {
  const scale = weights.data.map((step) => inputs * step);
  const q = Int32Array.from(data, (value, i) => (scale[i] === 0 ? 0 : Math.round(value / scale[i]!)));
  return { q: tensor("int32", shape, q), scale: tensor("float32", shape, scale) };
}
