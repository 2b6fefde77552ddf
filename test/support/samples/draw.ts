/** Where the elements of a sample's inputs come from. */

import type { Random } from "../../../src/data/random.ts";
import type { DType, Integer } from "../../../src/ir/dtype.ts";
import type { InputSpec } from "./sample.ts";

/** `size` elements, drawn from a seeded stream. */
export type Draw = (random: Random, size: number) => number[];

const each =
  (element: (random: Random) => number): Draw =>
  (random, size) =>
    Array.from({ length: size }, () => element(random));

/** Standard normal. */
export const normal = each((random) => random.normal());

/** Uniform in [low, high). */
export const uniform = (low: number, high: number): Draw => each((random) => random.uniform(low, high));

/** Either sign, no closer to 0 than 0.2: away from the kinks of |x| and its kind, and a safe divisor. */
export const nonzero = each((random) => (random.integer(2) ? 1 : -1) * random.uniform(0.2, 2));

/** Multiples of 0.2, shifted: two of different phases never come closer than the phases are. */
export const lattice = (phase: number): Draw => each((random) => 0.2 * (random.integer(20) - 10) + phase);

/** Multiples of 0.1 in random order, none twice: an order that no small step changes. */
export const distinct: Draw = (random, size) =>
  Array.from(random.permutation(size), (rank) => 0.1 * (rank - size / 2) + 0.05);

/** Integers from `low` to `high` − 1. */
export const integers = (low: number, high: number): Draw =>
  each((random) => low + random.integer(high - low));

/** These elements. */
export const exactly =
  (...values: number[]): Draw =>
  () =>
    values;

/** A float32 input. */
export function f32(shape: readonly number[], draw: Draw = normal): InputSpec {
  return { dtype: "float32", shape, draw };
}

/** A float64 input. */
export function f64(shape: readonly number[], draw: Draw = normal): InputSpec {
  return { dtype: "float64", shape, draw };
}

/** An integer input. */
export function int(dtype: Integer, shape: readonly number[], draw: Draw): InputSpec {
  return { dtype, shape, draw };
}

/** An input of any dtype, with zeros and ones in it. */
export function bits(dtype: DType, shape: readonly number[]): InputSpec {
  return { dtype, shape, draw: integers(0, 2) };
}

/** A bool input. */
export function bool(shape: readonly number[]): InputSpec {
  return bits("bool", shape);
}
