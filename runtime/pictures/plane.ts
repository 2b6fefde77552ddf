/** The plane in which a cloud of points spreads most: its first two principal components. */
import { Random } from "../../src/data/random.ts";

const ITERATIONS = 1000;
const TOLERANCE = 1e-12;

/** Points projected onto their principal plane. */
export interface Plane {
  /** `[count, 2]`, centred on the mean of the points. */
  readonly points: Float32Array;
  /** What each of the two components holds of the total variance, from 0 to 1. */
  readonly share: readonly [first: number, second: number];
}

/**
 * Projects `codes`, `[count, dimensions]`, onto their first two principal components (Hotelling 1933), found by power
 * iteration on the covariance. A component's sign is the one that makes its largest coordinate positive. Where two
 * variances are nearly equal, any two orthogonal directions among them will do, and no more is promised.
 */
export function principalPlane(codes: Float32Array, count: number, dimensions: number): Plane {
  const centred = centre(codes, count, dimensions);
  const covariance = covarianceOf(centred, count, dimensions);
  let total = 0;
  for (let i = 0; i < dimensions; i++) total += covariance[i * dimensions + i]!;
  const first = principalAxis(covariance, dimensions, null);
  const second = principalAxis(covariance, dimensions, first.axis);
  const points = new Float32Array(count * 2);
  for (let i = 0; i < count; i++) {
    const row = centred.subarray(i * dimensions, (i + 1) * dimensions);
    points[2 * i] = dot(row, first.axis);
    points[2 * i + 1] = dot(row, second.axis);
  }
  const shareOf = (variance: number) => (total > 0 ? variance / total : 0);
  return { points, share: [shareOf(first.variance), shareOf(second.variance)] };
}

function centre(codes: Float32Array, count: number, dimensions: number): Float64Array {
  const mean = new Float64Array(dimensions);
  const end = count * dimensions;
  for (let i = 0; i < end; i++) mean[i % dimensions]! += codes[i]! / count;
  return Float64Array.from({ length: end }, (_, i) => codes[i]! - mean[i % dimensions]!);
}

/** `[dimensions, dimensions]`, the mean of the outer products of centred points. */
function covarianceOf(centred: Float64Array, count: number, dimensions: number): Float64Array {
  const covariance = new Float64Array(dimensions * dimensions);
  for (let point = 0; point < count; point++) {
    const row = centred.subarray(point * dimensions, (point + 1) * dimensions);
    for (let i = 0; i < dimensions; i++) {
      const scaled = row[i]! / count;
      for (let j = 0; j < dimensions; j++) covariance[i * dimensions + j]! += scaled * row[j]!;
    }
  }
  return covariance;
}

interface Axis {
  readonly axis: Float64Array;
  readonly variance: number;
}

/** The unit vector of most variance among those orthogonal to `before`; zero where no variance is left. */
function principalAxis(covariance: Float64Array, dimensions: number, before: Float64Array | null): Axis {
  let axis = Float64Array.from(new Random(0, "principal axis").fillNormal(new Float32Array(dimensions)));
  let variance = 0;
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const next = Float64Array.from({ length: dimensions }, (_, i) =>
      dot(covariance.subarray(i * dimensions, (i + 1) * dimensions), axis),
    );
    const along = before === null ? 0 : dot(next, before);
    if (before !== null) for (let i = 0; i < dimensions; i++) next[i]! -= along * before[i]!;
    variance = Math.hypot(...next);
    // What rounding leaves of a direction that holds nothing is not a direction.
    if (variance <= TOLERANCE * Math.abs(along)) return { axis: new Float64Array(dimensions), variance: 0 };
    let change = 0;
    for (let i = 0; i < dimensions; i++) {
      next[i]! /= variance;
      change += Math.abs(next[i]! - axis[i]!);
    }
    axis = next;
    if (change < TOLERANCE) break;
  }
  const largest = axis.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0);
  return { axis: largest < 0 ? axis.map((value) => -value) : axis, variance };
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
