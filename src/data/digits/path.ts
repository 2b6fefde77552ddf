/** Paths of the pen: parsing, blending, and the smooth curve through their points. */

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A point that the pen passes through; a corner ends one smooth curve and begins the next. */
export interface Knot extends Point {
  readonly corner: boolean;
}

/** The knots of every stroke of a digit, in the order in which the pen meets them. */
export type Path = readonly (readonly Knot[])[];

/** Steps along the curve between two knots: a step is then shorter than a pixel of the finished picture. */
const STEPS = 8;

/** The path of a shape in the notation of `strokes.ts`. */
export function parsePath(shape: string): Path {
  return shape.split(" | ").map((stroke) =>
    stroke.split(" ").map((word) => {
      const [x, y] = word.replace("*", "").split(",").map(Number) as [number, number];
      return { x, y, corner: word.endsWith("*") };
    }),
  );
}

/** The same path with every knot moved. */
export function mapPath(path: Path, move: (knot: Knot, stroke: number, index: number) => Point): Path {
  return path.map((knots, stroke) =>
    knots.map((knot, index) => ({ ...move(knot, stroke, index), corner: knot.corner })),
  );
}

/** The path at `share` (0 to 1) of the way from `a` to `b`, which has the same strokes and knots. */
export function blend(a: Path, b: Path, share: number): Path {
  return mapPath(a, ({ x, y }, stroke, index) => {
    const other = b[stroke]![index]!;
    return { x: x + share * (other.x - x), y: y + share * (other.y - y) };
  });
}

/** Points densely along a stroke: a centripetal Catmull-Rom curve (Yuksel et al. 2011) between any two corners. */
export function trace(knots: readonly Knot[]): Point[] {
  const points: Point[] = [knots[0]!];
  for (let i = 0; i + 1 < knots.length; i++) {
    const from = knots[i]!;
    const to = knots[i + 1]!;
    const before = (!from.corner && knots[i - 1]) || beyond(to, from);
    const after = (!to.corner && knots[i + 2]) || beyond(from, to);
    const leave = velocity(before, from, to);
    const arrive = velocity(from, to, after);
    const duration = lapse(from, to);
    for (let step = 1; step <= STEPS; step++) {
      points.push(hermite(from, to, leave, arrive, step / STEPS, duration));
    }
  }
  return points;
}

/** The point as far beyond `to` as `from` lies before it. */
function beyond(from: Point, to: Point): Point {
  return { x: 2 * to.x - from.x, y: 2 * to.y - from.y };
}

/** The centripetal time that the pen takes from one knot to the next: the root of their distance. */
function lapse(from: Point, to: Point): number {
  return Math.sqrt(Math.hypot(to.x - from.x, to.y - from.y));
}

/** The pen's velocity at `at`, between the knots `before` and `after`. */
function velocity(before: Point, at: Point, after: Point): Point {
  const s = lapse(before, at);
  const t = lapse(at, after);
  const along = (p: number, q: number, r: number) => (q - p) / s - (r - p) / (s + t) + (r - q) / t;
  return { x: along(before.x, at.x, after.x), y: along(before.y, at.y, after.y) };
}

/** The cubic with these ends and end velocities, at `t` (0 to 1) of its duration. */
function hermite(from: Point, to: Point, leave: Point, arrive: Point, t: number, duration: number): Point {
  const u = 1 - t;
  const a = u * u * (1 + 2 * t);
  const b = t * u * u * duration;
  const c = t * t * u * duration;
  return {
    x: a * from.x + b * leave.x - c * arrive.x + (1 - a) * to.x,
    y: a * from.y + b * leave.y - c * arrive.y + (1 - a) * to.y,
  };
}
