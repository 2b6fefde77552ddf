/** Resize with fixed factors: repetition where a pixel becomes a block, a matrix for each axis otherwise. */
import { arrayOf, type Float } from "../../ir/dtype.ts";
import { fail } from "../../ir/error.ts";
import { staticShape } from "../../ir/shape.ts";
import { tensor } from "../../ir/tensor.ts";
import { constant, type Value } from "../../ir/value.ts";
import { expand, matMul, reshape, swapAxes } from "../../ops/index.ts";
import type { Foreign } from "./foreign.ts";

/** One axis of an image before and after, and by what factor its coordinates grow. */
interface Axis {
  readonly size: number;
  readonly wanted: number;
  readonly scale: number;
}

/** Where in the image of before a pixel of the new one lies. */
type Coordinate = (position: number, axis: Axis) => number;

/** ONNX Runtime computes in float32: 20 by the nearest to 1.4, which is less, is 28, and 6 by that to 1.2 is 5. */
const { fround } = Math;

const halfPixel: Coordinate = (position, { scale }) => fround(fround((position + 0.5) / scale) - 0.5);
const coordinates: Readonly<Record<string, Coordinate>> = {
  half_pixel: halfPixel,
  half_pixel_symmetric: (position, axis) => {
    const { size, wanted, scale } = axis;
    return (size / 2) * (1 - wanted / (scale * size)) + halfPixel(position, axis);
  },
  pytorch_half_pixel: (position, axis) => (axis.wanted > 1 ? halfPixel(position, axis) : 0),
  align_corners: (position, { size, wanted }) =>
    wanted === 1 ? 0 : fround((position * (size - 1)) / (wanted - 1)),
  asymmetric: (position, { scale }) => fround(position / scale),
};

const roundings: Readonly<Record<string, (x: number) => number>> = {
  round_prefer_floor: (x) => Math.ceil(x - 0.5),
  round_prefer_ceil: (x) => Math.floor(x + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
};

export function resize(node: Foreign): Value {
  const x = node.input();
  node.ignore("extrapolation_value", "cubic_coeff_a", "exclude_outside", "keep_aspect_ratio_policy");
  node.requireZero("antialias");
  const axes = axesOf(node, x);
  const mode = node.text("mode", "nearest");
  const coordinate = chosen(node, "coordinate_transformation_mode", "half_pixel", coordinates);
  const round = chosen(node, "nearest_mode", "round_prefer_floor", roundings);
  if (mode !== "nearest" && mode !== "linear") fail(node.op, `attribute mode=${mode} is not supported`);
  const rows = axes.map((axis) =>
    Array.from({ length: axis.wanted }, (_, i) => {
      // Outside of the image its border goes on.
      const at = Math.min(axis.size - 1, Math.max(0, coordinate(i, axis)));
      if (mode === "nearest")
        return new Map([[Math.min(axis.size - 1, Math.max(0, round(coordinate(i, axis)))), 1]]);
      const low = Math.floor(at);
      const share = at - low;
      return new Map([[low, 1 - share], ...(share === 0 ? [] : [[low + 1, share] as const])]);
    }),
  );
  return isRepetition(axes, rows) ? repeated(x, axes) : weighted(x, axes, rows);
}

function chosen<T>(node: Foreign, name: string, otherwise: string, table: Readonly<Record<string, T>>): T {
  const value = node.text(name, otherwise);
  return table[value] ?? fail(node.op, `attribute ${name}=${value} is not supported`);
}

/** The spatial axes; batch and channels must keep their sizes. */
function axesOf(node: Foreign, x: Value): Axis[] {
  const rank = x.shape.length;
  const among = node.axes(-1) ?? x.shape.map((_, i) => i);
  const at = (axis: number) => among.findIndex((candidate) => (candidate + rank) % rank === axis);
  const factors = node.has(2) ? (node.numbers(2) ?? []) : [];
  const sizes = node.has(3) ? node.dims(3) : [];
  if (node.text("keep_aspect_ratio_policy", "stretch") !== "stretch")
    fail(node.op, "attribute keep_aspect_ratio_policy is not supported");
  if (factors.length + sizes.length !== among.length)
    fail(node.op, "has neither scales nor sizes that fit its input");
  const dims = x.shape.map((size, axis) => {
    const i = at(axis);
    if (i < 0) return { size, wanted: size, scale: 1 };
    if (factors.length === 0) {
      const wanted = axis === 0 && sizes[i] === node.scope.batch ? size : sizes[i]!;
      return { size, wanted, scale: typeof size === "number" ? fround(Number(wanted) / size) : 1 };
    }
    const scale = factors[i]!;
    const wanted = typeof size === "number" ? Math.floor(fround(size * scale)) : size;
    return { size, wanted, scale };
  });
  if (dims.slice(0, 2).some(({ size, wanted, scale }) => size !== wanted || scale !== 1))
    fail(node.op, "resizes the batch or the channels");
  const spatial = dims.slice(2);
  const [before, after] = [
    staticShape(
      node.op,
      spatial.map(({ size }) => size),
    ),
    staticShape(
      node.op,
      spatial.map(({ wanted }) => wanted),
    ),
  ];
  return before.map((size, i) => ({ size, wanted: after[i]!, scale: spatial[i]!.scale }));
}

/** For each pixel of an axis, which pixels of before it is made of, and their shares. */
type Rows = readonly ReadonlyMap<number, number>[];

function isRepetition(axes: readonly Axis[], rows: readonly Rows[]): boolean {
  return axes.every(({ size, wanted }, i) => {
    const times = wanted / size;
    return Number.isInteger(times) && rows[i]!.every((row, k) => row.get(Math.floor(k / times)) === 1);
  });
}

/** Every pixel as a block, by a broadcast. */
function repeated(x: Value<Float>, axes: readonly Axis[]): Value {
  const [channels] = staticShape("Resize", [x.shape[1]!]) as [number];
  const apart = reshape(x, [0, channels, ...axes.flatMap(({ size }) => [size, 1])]);
  const blocks = expand(apart, [1, 1, ...axes.flatMap(({ size, wanted }) => [1, wanted / size])]);
  return reshape(blocks, [0, channels, ...axes.map(({ wanted }) => wanted)]);
}

/** Every axis by a matrix product `[wanted, size] × [size, …]`. */
function weighted(x: Value<Float>, axes: readonly Axis[], rows: readonly Rows[]): Value {
  return axes.reduce((y, { size, wanted }, i) => {
    const axis = i + 2 - x.shape.length;
    const weights = rows[i]!.map((row) => Array.from({ length: size }, (_, from) => row.get(from) ?? 0));
    const matrix = (shape: readonly number[], values: readonly number[]) =>
      constant(tensor(x.dtype, shape, arrayOf(x.dtype, values))) as Value<Float>;
    if (axis === -1) {
      const columns = Array.from({ length: size }, (_, from) => weights.map((row) => row[from]!));
      return matMul(y, matrix([size, wanted], columns.flat()));
    }
    const left = matrix([wanted, size], weights.flat());
    return axis === -2 ? matMul(left, y) : swapAxes(matMul(left, swapAxes(y, axis, -2)), axis, -2);
  }, x);
}
