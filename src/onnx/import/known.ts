/**
 * Arithmetic on shapes, done while a file is read: exporters compute the shape that a Reshape wants from the shape of
 * something else, and all but the batch's dimension is a number then.
 */
import { arrayOf, type DType, isFloat } from "../../ir/dtype.ts";
import { type Dim, dividedDim, sameShape, timesDim } from "../../ir/shape.ts";
import { sizeOf, type Tensor, tensor } from "../../ir/tensor.ts";
import { sliceRange } from "../../ops/infer/movement.ts";
import { dtypeOf } from "../tensor.ts";
import type { Foreign } from "./foreign.ts";

/** A small tensor whose elements are known, or at least have a name. */
export interface Known {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly items: readonly Dim[];
}

/** Longer ones are data, not shapes. */
const LONGEST = 64;

/** The tensor as far as arithmetic on shapes goes; undefined where it is none of its kind. */
export function knownOf({ dtype, shape, data }: Tensor): Known | undefined {
  if (shape.length > 2 || data.length > LONGEST || dtype === "float16") return undefined;
  return { dtype, shape, items: Array.from<number | bigint>(data).map(Number) };
}

/** The tensor, where every element is a number. */
export function tensorOf({ dtype, shape, items }: Known): Tensor | undefined {
  const numbers = items.filter((item) => typeof item === "number");
  return numbers.length === items.length ? tensor(dtype, shape, arrayOf(dtype, numbers)) : undefined;
}

/** What an operator makes of known inputs; undefined where that is not known either. */
type Fold = (node: Foreign, inputs: readonly (Known | undefined)[]) => Known | undefined;

const vector = (dtype: DType, items: readonly Dim[]): Known => ({ dtype, shape: [items.length], items });

/** One operand's element after the other, the shorter one repeated. */
const elementwise =
  (apply: (items: readonly Dim[], dtype: DType) => Dim | undefined, result?: DType): Fold =>
  (_, given) => {
    const inputs = given as readonly Known[];
    const longest = inputs.reduce((a, b) =>
      b.items.length > a.items.length || b.shape.length > a.shape.length ? b : a,
    );
    const count = longest.items.length;
    const fits = ({ shape, items }: Known) =>
      items.length === 1
        ? shape.length <= longest.shape.length
        : items.length === count && sameShape(shape, longest.shape);
    if (!inputs.every(fits)) return undefined;
    const dtype = inputs.at(-1)!.dtype;
    const at = (i: number) => inputs.map(({ items }) => items[items.length === 1 ? 0 : i]!);
    const items = longest.items.map((_, i) => apply(at(i), dtype));
    return items.includes(undefined)
      ? undefined
      : { dtype: result ?? dtype, shape: longest.shape, items: items as Dim[] };
  };

/** The same of numbers alone. */
const numeric = (apply: (...numbers: number[]) => number, result?: DType): Fold =>
  elementwise((items) => {
    const numbers = items.filter((item) => typeof item === "number");
    return numbers.length === items.length ? apply(...numbers) : undefined;
  }, result);

const divide = elementwise(([a, b], dtype) => {
  if (typeof a !== "number" || typeof b !== "number") return dividedDim(a!, b!);
  return isFloat(dtype) ? a / b : Math.trunc(a / b);
});

/** A name equals itself and nothing that we know of. */
const equal = elementwise(([a, b]) => Number(a === b), "bool");

const reshaped =
  (shape: (known: Known) => readonly number[]): Fold =>
  (_, [known]) => {
    const target = shape(known!);
    const count = known!.items.length;
    const rest = count / sizeOf(target.filter((size) => size !== -1));
    const filled = target.map((size) => (size === -1 ? rest : size));
    return sizeOf(filled) === count ? { ...known!, shape: filled } : undefined;
  };

/** Of lists and single numbers, which shapes are; a matrix is left to run. */
const ofLists =
  (fold: Fold): Fold =>
  (node, inputs) =>
    inputs.some((known) => known !== undefined && known.shape.length > 1) ? undefined : fold(node, inputs);

/** The rows of a vector or matrix, the elements of its first axis. */
function rowsOf({ shape: [count = 1], items }: Known): (readonly Dim[])[] {
  const width = items.length / count;
  return Array.from({ length: count }, (_, i) => items.slice(i * width, (i + 1) * width));
}

// biome-ignore format: a table, one row an operator
export const folds: Readonly<Record<string, Fold>> = {
  Identity: (_, [known]) => known,
  Cast: (node, [known]) => {
    const dtype = dtypeOf(node.int("to", 0), "a shape");
    return { ...known!, dtype, items: known!.items.map((item) => (typeof item === "string" || isFloat(dtype) ? item : Math.trunc(item))) };
  },
  Add: elementwise(([a, b]) => (b === 0 ? a : a === 0 ? b : typeof a === "number" && typeof b === "number" ? a + b : undefined)),
  Sub: elementwise(([a, b]) => (b === 0 ? a : typeof a === "number" && typeof b === "number" ? a - b : undefined)),
  Mul: elementwise(([a, b]) => timesDim(a!, b!)),
  Div: divide,
  Mod: numeric((a, b) => ((a % b) + b) % b),
  Min: numeric(Math.min), Max: numeric(Math.max), Neg: numeric((a) => -a), Floor: numeric(Math.floor), Ceil: numeric(Math.ceil),
  Equal: equal,
  Greater: numeric((a, b) => Number(a > b), "bool"), Less: numeric((a, b) => Number(a < b), "bool"),
  Not: numeric((a) => 1 - a, "bool"),
  Where: elementwise(([condition, a, b]) => (condition ? a : b)),
  ReduceProd: ofLists((node, [known]) => {
    const shape = node.int("keepdims", 1) === 0 ? [] : known!.shape.map(() => 1);
    return { ...known!, shape, items: [known!.items.reduce(timesDim, 1)] };
  }),
  Squeeze: ofLists(reshaped(() => [])),
  Unsqueeze: (node, [known]) => (known!.shape.length === 0 && node.axes(1)?.length === 1 ? vector(known!.dtype, known!.items) : undefined),
  Reshape: (node, [known, target]) => reshaped(() => target!.items.map(Number))(node, [known]),
  Transpose: (node, [known]) => {
    if (known!.shape.length > 2) return undefined;
    if (known!.shape.length < 2 || node.ints("perm")?.join() === "0,1") return known;
    const rows = rowsOf(known!);
    const items = rows[0]?.flatMap((_, i) => rows.map((row) => row[i]!)) ?? [];
    return { ...known!, shape: known!.shape.toReversed(), items };
  },
  Concat: ofLists((_, inputs) => vector(inputs[0]!.dtype, inputs.flatMap((known) => known!.items))),
  Gather: (_, [known, indices]) => {
    const chosen = indices!.items.map((index) => known!.items.at(Number(index)));
    return known!.shape.length !== 1 || chosen.includes(undefined) ? undefined : { ...known!, shape: indices!.shape, items: chosen as Dim[] };
  },
  Slice: (_, [known, starts, ends, axes, steps]) => {
    const [start, end, axis, step] = [starts, ends, axes, steps].map((given, i) => given?.items[0] ?? Number(i === 3));
    if (typeof start !== "number" || typeof end !== "number" || typeof step !== "number" || axis !== 0 || step === 0) return undefined;
    if (known!.shape.length === 0 || starts!.items.length !== 1) return undefined;
    const rows = rowsOf(known!);
    const { first, count } = sliceRange(rows.length, start, end, step);
    const kept = Array.from({ length: count }, (_, i) => rows[first + i * step]!);
    return { ...known!, shape: known!.shape.with(0, count), items: kept.flat() };
  },
  ConstantOfShape: (node, [size]) => {
    const { dtype, data } = node.constant("value") ?? { dtype: "float32" as const, data: [0] };
    const [length, ...more] = size!.items;
    if (typeof length !== "number" || more.length > 0 || length > LONGEST || isFloat(dtype)) return undefined;
    return vector(dtype, Array.from({ length }, () => Number(data[0])));
  },
  Range: (_, [start, limit, delta]) => {
    const [from, to, by] = [start, limit, delta].map((known) => Number(known!.items[0]));
    const length = Math.ceil((to! - from!) / by!);
    if (!(length >= 0 && length <= LONGEST)) return undefined;
    return vector(start!.dtype, Array.from({ length }, (_, i) => from! + i * by!));
  },
};

/** The shape of something, or a part of it (opset 15). */
export function shapeOf(node: Foreign): Known {
  const { shape } = node.input();
  const all =
    node.op === "Size"
      ? [shape.reduce(timesDim, 1)]
      : shape.slice(node.int("start", 0), node.int("end", shape.length));
  return { dtype: "int64", shape: node.op === "Size" ? [] : [all.length], items: all };
}
