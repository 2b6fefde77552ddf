/** How far two lists of numbers are apart. */
import type { Tensor } from "../../src/ir/tensor.ts";

/**
 * The largest difference of two elements, in units of the largest finite magnitude in `expected` (at least 1).
 * Infinite where one element is NaN or infinite and the other is not the same, or where the lengths differ.
 */
export function difference(actual: readonly number[], expected: readonly number[]): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  const finite = expected.filter(Number.isFinite).map(Math.abs);
  const scale = Math.max(1, ...finite);
  const apart = expected.map((want, i) => {
    const got = actual[i]!;
    if (got === want || (Number.isNaN(got) && Number.isNaN(want))) return 0;
    return Number.isFinite(got) && Number.isFinite(want)
      ? Math.abs(got - want) / scale
      : Number.POSITIVE_INFINITY;
  });
  return Math.max(0, ...apart);
}

/** The largest difference of two tensors, in units of the largest magnitude in `expected`. */
export function apart(actual: Tensor, expected: Tensor): number {
  if (String(actual.shape) !== String(expected.shape)) return Number.POSITIVE_INFINITY;
  const [a, b] = [actual.data as Float32Array, expected.data as Float32Array];
  const largest = b.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const most = b.reduce((most, value, i) => Math.max(most, Math.abs(value - a[i]!)), 0);
  return most === 0 ? 0 : most / largest;
}
