/** What is looked at: a model, a code, the plane through it, and the two ends of a walk. */
import type { Opened } from "../inference/worker.ts";

/** The plane and the sliders go from −REACH to REACH: all but 0.3 % of what the prior draws in a dimension. */
export const REACH = 3;

export interface View {
  readonly model: Opened;
  /** Where the person is: `[latent]`. */
  readonly code: Float32Array;
  /** The dimensions of the plane: across, up. */
  readonly axes: readonly [number, number];
  readonly a: Float32Array;
  readonly b: Float32Array;
}

/** A new model is looked at from the origin. */
export function viewOf(model: Opened): View {
  const { latent } = model;
  const a = new Float32Array(latent).fill(0);
  const b = new Float32Array(latent).fill(0);
  [a[0], b[0]] = [-1.5, 1.5];
  if (latent > 1) [a[1], b[1]] = [-1, 1];
  return { model, code: new Float32Array(latent), axes: [0, Math.min(1, latent - 1)], a, b };
}

/** Whether two codes lie in one plane along these axes. */
export function sharesPlane(one: Float32Array, other: Float32Array, axes: readonly number[]): boolean {
  return one.every((value, i) => axes.includes(i) || value === other[i]);
}

/** A copy of a code with some dimensions set. */
export function withValues(code: Float32Array, values: Readonly<Record<number, number>>): Float32Array {
  const copy = code.slice();
  for (const [i, value] of Object.entries(values)) copy[Number(i)] = value;
  return copy;
}

/** Where it is on the straight line from `a` (0) to `b` (1). */
export function between(a: Float32Array, b: Float32Array, at: number): Float32Array {
  return a.map((value, i) => (1 - at) * value + at * b[i]!);
}
