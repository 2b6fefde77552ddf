/** The pen: how thick its line is along a stroke, and where in the frame the finished digit lies. */
import type { Random } from "../random.ts";
import { around } from "./distort.ts";
import type { Point } from "./path.ts";

/** The pixels along the frame that stay black. */
const MARGIN = 2;

/** A round spot of ink; coordinates and radius in pixels, with the frame's corner at (0, 0). */
export interface Dot extends Point {
  readonly radius: number;
}

/** A pen in somebody's hand: its radius in pixels at a point of a stroke. */
export interface Pen {
  /** @param along 0 to 1, from the stroke's beginning to its end  @param heading radians, where the pen goes */
  radius(along: number, heading: number): number;
}

/** A random pen: a nib that is thicker in one direction than across it, pressed harder here and softer there. */
export function takePen(random: Random): Pen {
  const size = random.uniform(0.95, 1.6);
  const nib = random.uniform(0, 0.16);
  const tilt = random.uniform(0, Math.PI);
  const pressure = around(random, 0, 0.07);
  const rhythm = random.uniform(2, 7);
  const phase = random.uniform(0, 2 * Math.PI);
  const lift = random.uniform(0, 0.3);
  return {
    radius: (along, heading) =>
      size *
      (1 + nib * Math.cos(2 * (heading - tilt))) *
      (1 + pressure * Math.sin(rhythm * along + phase)) *
      (1 - lift * Math.max(0, 5 * along - 4)),
  };
}

/** Every stroke as dots, with the radii in pixels and the coordinates still those of the points. */
export function ink(strokes: readonly (readonly Point[])[], pen: Pen): Dot[][] {
  return strokes.map((points) =>
    points.map((point, i) => {
      const before = points[Math.max(0, i - 1)]!;
      const after = points[Math.min(points.length - 1, i + 1)]!;
      const heading = Math.atan2(after.y - before.y, after.x - before.x);
      return { x: point.x, y: point.y, radius: pen.radius(i / (points.length - 1), heading) };
    }),
  );
}

/**
 * The strokes scaled until their ink fits a box of `box` pixels, with their centre of mass in the middle of a frame
 * of `frame` pixels: how the digits of MNIST were normalised (LeCun et al. 1998, §III.A). A lopsided digit is drawn
 * smaller where it would come nearer than `MARGIN` to the frame. Ink where strokes overlap counts twice, so that the
 * centre of mass of the pixels can be off by a fraction of a pixel.
 */
export function settle(strokes: readonly (readonly Dot[])[], box: number, frame: number): Dot[][] {
  const dots = strokes.flat();
  const xs = dots.map((dot) => dot.x);
  const ys = dots.map((dot) => dot.y);
  const [centerX, centerY] = centerOfMass(strokes);
  const thickness = 2 * Math.max(...dots.map((dot) => dot.radius));
  const extent = Math.max(Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys));
  const reach = Math.max(...xs.map((x) => Math.abs(x - centerX)), ...ys.map((y) => Math.abs(y - centerY)));
  const scale = Math.min((box - thickness) / extent, (frame - 2 * MARGIN - thickness) / (2 * reach));
  const place = ({ x, y, radius }: Dot): Dot => ({
    x: frame / 2 + scale * (x - centerX),
    y: frame / 2 + scale * (y - centerY),
    radius,
  });
  return strokes.map((stroke) => stroke.map(place));
}

/** The centre of the line's ink: every piece between two dots weighs its length times its thickness. */
function centerOfMass(strokes: readonly (readonly Dot[])[]): [x: number, y: number] {
  let mass = 0;
  let x = 0;
  let y = 0;
  for (const stroke of strokes) {
    for (let i = 1; i < stroke.length; i++) {
      const a = stroke[i - 1]!;
      const b = stroke[i]!;
      const weight = Math.hypot(b.x - a.x, b.y - a.y) * (a.radius + b.radius);
      mass += weight;
      x += (weight * (a.x + b.x)) / 2;
      y += (weight * (a.y + b.y)) / 2;
    }
  }
  return [x / mass, y / mass];
}
