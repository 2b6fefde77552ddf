/** How far two lists of numbers are apart. */

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
