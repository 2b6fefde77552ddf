/** Shapes whose dimensions are numbers or names (`batch`), and the arithmetic that shape inference needs. */
import { fail } from "./error.ts";

/** A dimension: a size, or the name of one that is known only when the graph runs. */
export type Dim = number | string;
export type Shape = readonly Dim[];

/** `[batch,784]` */
export function showShape(shape: Shape): string {
  return `[${shape.join(",")}]`;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i]);
}

/** Whether every dimension is a number. */
export function isStatic(shape: Shape): shape is readonly number[] {
  return shape.every((dim) => typeof dim === "number");
}

/** The shape as numbers; throws where a dimension is a name. */
export function staticShape(subject: string, shape: Shape): number[] {
  return shape.map((dim) =>
    typeof dim === "number" ? dim : fail(subject, `needs fixed dimensions, has ${showShape(shape)}`),
  );
}

/** `axis` counted from the front; throws where it is out of range. */
export function axisOf(subject: string, axis: number, rank: number): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank)
    fail(subject, `axis ${axis} is outside rank ${rank}`);
  return axis < 0 ? axis + rank : axis;
}

/** Several axes counted from the front, in increasing order; throws where one is out of range or there twice. */
export function axesOf(subject: string, axes: readonly number[], rank: number): number[] {
  const sorted = axes.map((axis) => axisOf(subject, axis, rank)).sort((a, b) => a - b);
  if (new Set(sorted).size !== sorted.length) fail(subject, `axes [${axes}] name one axis twice`);
  return sorted;
}

/** NumPy's broadcast of two shapes; a name is taken to differ from 1. Throws where they don't fit. */
export function broadcast(subject: string, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const left = a[i - rank + a.length] ?? 1;
    const right = b[i - rank + b.length] ?? 1;
    if (left === right || right === 1) return left;
    if (left === 1) return right;
    return fail(subject, `shapes do not broadcast: ${showShape(a)} and ${showShape(b)}`);
  });
}

/** A dimension or a product of several, as a coefficient and the names in it: `5*batch` is 5 and [batch]. */
interface Product {
  readonly size: number;
  readonly names: readonly string[];
}

function product(shape: Shape): Product {
  const factors = shape.flatMap((dim) => String(dim).split("*"));
  const isName = (factor: string) => Number.isNaN(Number(factor));
  const size = factors.reduce((all, factor) => (isName(factor) ? all : all * Number(factor)), 1);
  return { size, names: factors.filter(isName).sort() };
}

/** The number in a dimension: 49 of `49*batch`, 1 of a name alone. */
export function coefficientOf(dim: Dim): number {
  return product([dim]).size;
}

/** The one dimension that a product amounts to. */
function dimOf({ size, names }: Product): Dim {
  if (names.length === 0) return size;
  return size === 1 ? names.join("*") : [size, ...names].join("*");
}

/** What is left of `whole` after division by `part`; undefined where that is no whole dimension. */
function divided(whole: Product, part: Product): Product | undefined {
  const names = [...whole.names];
  for (const name of part.names) {
    const at = names.indexOf(name);
    if (at < 0) return undefined;
    names.splice(at, 1);
  }
  const size = part.size === 0 ? 0 : whole.size / part.size;
  return Number.isInteger(size) ? { size, names } : undefined;
}

/** `a · b`: `5` and `batch` make `5*batch`. */
export function timesDim(a: Dim, b: Dim): Dim {
  return dimOf(product([a, b]));
}

/** `a / b`; undefined where that is no whole dimension. */
export function dividedDim(a: Dim, b: Dim): Dim | undefined {
  const rest = divided(product([a]), product([b]));
  return rest && dimOf(rest);
}

/**
 * The shape that ONNX's Reshape gives for a target in which 0 copies the input's dimension and one −1 takes what is
 * left. Throws where the sizes differ or can't be compared.
 */
export function reshaped(subject: string, from: Shape, target: readonly number[]): Shape {
  const copied = target.map((dim, i): Dim => {
    if (dim < -1) fail(subject, `dimension ${dim} in [${target}]`);
    return dim === 0 ? (from[i] ?? fail(subject, `no dimension ${i} to copy in ${showShape(from)}`)) : dim;
  });
  const hole = copied.indexOf(-1);
  if (hole !== copied.lastIndexOf(-1)) fail(subject, `more than one −1 in [${target}]`);
  const rest = divided(product(from), product(copied.filter((_, i) => i !== hole)));
  if (rest === undefined || (hole < 0 && dimOf(rest) !== (copied.includes(0) ? 0 : 1))) {
    return fail(subject, `${showShape(from)} does not fill [${target}]`);
  }
  return hole < 0 ? copied : copied.with(hole, dimOf(rest));
}

/** The size of a window's axis after convolution or pooling; a name stays where the axis keeps its size. */
export function slid(size: Dim, kernel: number, stride: number, dilation: number, pad: number): Dim {
  const reach = dilation * (kernel - 1) + 1;
  if (typeof size === "number") return Math.floor((size + pad - reach) / stride) + 1;
  return stride === 1 && pad === reach - 1 ? size : `${size}_out`;
}
