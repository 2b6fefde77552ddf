/** Operators that move elements, in the forms that others give them: shapes that hold a batch, padding, blocks, splits. */
import { arrayOf, type Float } from "../../ir/dtype.ts";
import { fail } from "../../ir/error.ts";
import { axisOf, type Dim, type Shape, staticShape } from "../../ir/shape.ts";
import { filled, scalar, tensor } from "../../ir/tensor.ts";
import { constant, type Value } from "../../ir/value.ts";
import {
  concat,
  expand,
  pad as padZeros,
  reshape as reshapeTo,
  slice,
  transpose,
  where,
} from "../../ops/index.ts";
import type { Foreign } from "./foreign.ts";

type Floats = Value<Float>;

const sizeOf = (dims: Shape) =>
  dims.reduce<number>((size, dim) => size * (typeof dim === "number" ? dim : 1), 1);

/** A shape as Reshape takes it: a name is the input's own dimension there, or what is left. */
function target(node: Foreign, from: Shape, wanted: readonly Dim[]): number[] {
  const numbers = wanted.map((dim, i) => (typeof dim === "number" ? dim : dim === from[i] ? 0 : -1));
  const { batch } = node.scope;
  if (batch === undefined || typeof from[0] !== "string") return numbers;
  // The file fixes the size of a batch that we leave open.
  if (numbers[0] === batch) return numbers.with(0, 0);
  const isWhole = !numbers.includes(-1) && !numbers.includes(0) && sizeOf(numbers) === batch * sizeOf(from);
  return isWhole ? numbers.with(0, -1) : numbers;
}

export function reshape(node: Foreign): Value {
  const x = node.input();
  const wanted = node.ints("shape") ?? node.dims(1);
  if (node.int("allowzero", 0) !== 0 && wanted.includes(0))
    fail(node.op, "attribute allowzero=1 with a 0 in the shape is not supported");
  return reshapeTo(x, target(node, x.shape, wanted));
}

export function expandTo(node: Foreign): Value {
  const x = node.input();
  const wanted = node.dims(1);
  const sizes = wanted.map((dim, i) => {
    const own = x.shape[i - wanted.length + x.shape.length];
    // ONNX's Expand broadcasts both ways, so that 1 keeps a dimension that has only a name.
    if (dim === own || (typeof own === "string" && dim === node.scope.batch))
      return typeof dim === "number" && dim === own ? dim : 1;
    return typeof dim === "number"
      ? dim
      : fail(node.op, `repeats its input ${dim} times, which is known only when it runs`);
  });
  return expand(x, sizes);
}

/** Axes before `axis` as rows, the others as columns. */
export function flatten(node: Foreign): Value {
  const x = node.input();
  const rank = x.shape.length;
  const axis = node.int("axis", 1);
  const at = axis === rank ? rank : axisOf(node.op, axis, rank);
  const [rows, columns] = [x.shape.slice(0, at), x.shape.slice(at)];
  if (at === 1) return reshapeTo(x, [0, sizeOf(staticShape(node.op, columns))]);
  const isOpen = rows.some((dim) => typeof dim === "string");
  return reshapeTo(x, isOpen ? [-1, sizeOf(staticShape(node.op, columns))] : [sizeOf(rows), -1]);
}

/** The same number on each side of each axis: zeros, another constant, the border, or the image mirrored. */
export function pad(node: Foreign): Value {
  const x = node.input();
  const rank = x.shape.length;
  const given = node.ints("pads") ?? node.numbers(1) ?? fail(node.op, "has no pads");
  const axes = (node.numbers(3) ?? x.shape.map((_, i) => i)).map((axis) => axisOf(node.op, axis, rank));
  if (given.length !== 2 * axes.length) fail(node.op, `pads [${given}] do not fit [${x.shape}]`);
  const pads = Array.from({ length: 2 * rank }, (_, i) => {
    const at = axes.indexOf(i % rank);
    return at < 0 ? 0 : given[at + (i < rank ? 0 : axes.length)]!;
  });
  const mode = node.text("mode", "constant");
  if (mode === "constant") {
    const value = node.numbers(2)?.[0] ?? 0;
    const padded = padZeros(x, pads);
    return value === 0 ? padded : where(own(node, x.shape, pads), padded, constant(scalar(x.dtype, value)));
  }
  if (mode !== "edge" && mode !== "reflect") fail(node.op, `attribute mode=${mode} is not supported`);
  return x.shape.reduce<Floats>((y, size, axis) => {
    const [before, after] = [pads[axis]!, pads[axis + rank]!];
    if (before === 0 && after === 0) return y;
    const [fixed] = staticShape(node.op, [size]) as [number];
    if (before < 0 || after < 0 || (mode === "reflect" && Math.max(before, after) >= fixed))
      fail(node.op, `pads [${pads}] do not fit [${x.shape}]`);
    if (mode === "edge") {
      const [first, last] = [slice(y, axis, 0, 1), slice(y, axis, fixed - 1, fixed)];
      const copies = (of: Floats, count: number) => Array.from({ length: count }, () => of);
      return concat([...copies(first, before), y, ...copies(last, after)], axis);
    }
    // Backwards from the last but one; an end before the first position is said from the other end.
    const end = fixed - 2 - after;
    const last = after > 0 ? [slice(y, axis, fixed - 2, end < 0 ? -fixed - 1 : end, -1)] : [];
    const first = before > 0 ? [slice(y, axis, before, 0, -1)] : [];
    return concat([...first, y, ...last], axis);
  }, x);
}

/**
 * Which positions are the image's own where some axes are padded, the others being 1: the padding is chosen by them, since
 * −∞, or a number far from the pixels, could not be subtracted before zeros are padded and added again.
 */
function own(node: Foreign, shape: Shape, pads: readonly number[]): Value<"bool"> {
  const axes = shape.map((size, axis) => {
    const [before, after] = [pads[axis]!, pads[axis + shape.length]!];
    if (before <= 0 && after <= 0) return [1];
    const [fixed] = staticShape(node.op, [size]) as [number];
    return Array.from({ length: before + fixed + after }, (_, i) =>
      Number(i >= before && i < before + fixed),
    );
  });
  const all = axes.reduce((whole, axis) => whole.flatMap((one) => axis.map((other) => one * other)), [1]);
  const sizes = axes.map(({ length }) => length);
  return constant(tensor("bool", sizes, arrayOf("bool", all)));
}

/** Parts of equal or given sizes along an axis. */
export function split(node: Foreign): Value[] {
  const x = node.input();
  const axis = axisOf(node.op, node.int("axis", 0), x.shape.length);
  const [size] = staticShape(node.op, [x.shape[axis]!]) as [number];
  const count = node.int("num_outputs", node.counts.outputs);
  const each = Math.ceil(size / count);
  const sizes =
    node.ints("split") ??
    node.numbers(1) ??
    Array.from({ length: count }, (_, i) => Math.min(each, size - i * each));
  let start = 0;
  return sizes.map((length) => {
    start += length;
    return slice(x, axis, start - length, start);
  });
}

/** Channels to blocks of pixels. */
export function depthToSpace(node: Foreign): Value {
  const x = node.input();
  const block = node.int("blocksize", 1);
  const [channels, height, width] = staticShape(node.op, x.shape.slice(1)) as [number, number, number];
  const rest = channels / block ** 2;
  const mode = node.text("mode", "DCR");
  const apart =
    mode === "CRD" ? [0, rest, block, block, height, width] : [0, block, block, rest, height, width];
  const order = mode === "CRD" ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2];
  return reshapeTo(transpose(reshapeTo(x, apart), order), [0, rest, height * block, width * block]);
}

/** Blocks of pixels to channels. */
export function spaceToDepth(node: Foreign): Value {
  const x = node.input();
  const block = node.int("blocksize", 1);
  const [channels, height, width] = staticShape(node.op, x.shape.slice(1)) as [number, number, number];
  const apart = reshapeTo(x, [0, channels, height / block, block, width / block, block]);
  return reshapeTo(transpose(apart, [0, 3, 5, 1, 2, 4]), [
    0,
    channels * block ** 2,
    height / block,
    width / block,
  ]);
}

/** A tensor of one value, its shape known. */
export function constantOfShape(node: Foreign): Value {
  const { dtype, data } = node.constant("value") ?? filled("float32", [1], 0);
  return constant(filled(dtype, staticShape(node.op, node.dims(0)), Number(data[0])));
}
