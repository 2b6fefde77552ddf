/** What makes two drawings of one skeleton differ: an unsteady hand, a slant, a page that is not quite flat. */
import type { Random } from "../random.ts";
import { mapPath, type Path, type Point } from "./path.ts";

const DEGREE = Math.PI / 180;
const WAVES = 3;

/** A smooth map of the plane, in the units of the strokes' box (100 × 100). */
export type Warp = (point: Point) => Point;

/** A normal number that is drawn again where it lies further than two deviations from its mean. */
export function around(random: Random, mean: number, deviation: number): number {
  let z = random.normal();
  while (Math.abs(z) > 2) z = random.normal();
  return mean + deviation * z;
}

/** The path with every knot moved a little: the hand never repeats itself. `deviation` in units of the box. */
export function jitter(path: Path, deviation: number, random: Random): Path {
  return mapPath(path, ({ x, y }) => ({
    x: around(random, x, deviation),
    y: around(random, y, deviation),
  }));
}

/** A random affine map about the middle of the box: slant (mostly to the right), rotation, width to height. */
export function affine(random: Random): Warp {
  const slant = Math.tan(around(random, 8, 12) * DEGREE);
  const angle = around(random, 0, 6) * DEGREE;
  const aspect = Math.exp(around(random, 0, 0.14));
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  return (point) => {
    const y = point.y - 50;
    const x = aspect * (point.x - 50) - slant * y;
    return { x: 50 + cos * x - sin * y, y: 50 + sin * x + cos * y };
  };
}

/**
 * A random elastic map: the sum of a few long waves, each of which pushes across the plane in a direction of its own
 * (the smooth displacement fields of Simard et al. 2003, in closed form). `strength` in units of the box.
 */
export function elastic(strength: number, random: Random): Warp {
  const waves = Array.from({ length: WAVES }, () => {
    const heading = random.uniform(0, 2 * Math.PI);
    const frequency = (2 * Math.PI * random.uniform(0.3, 0.9)) / 100;
    return {
      kx: frequency * Math.cos(heading),
      ky: frequency * Math.sin(heading),
      phase: random.uniform(0, 2 * Math.PI),
      pushX: around(random, 0, strength),
      pushY: around(random, 0, strength),
    };
  });
  return (point) => {
    let { x, y } = point;
    for (const wave of waves) {
      const height = Math.sin(wave.kx * point.x + wave.ky * point.y + wave.phase);
      x += wave.pushX * height;
      y += wave.pushY * height;
    }
    return { x, y };
  };
}
