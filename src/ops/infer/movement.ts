/** Types of operators that move elements without changing them. */
import { fail } from "../../ir/error.ts";
import { axesOf, axisOf, broadcast, reshaped, sameShape, showShape } from "../../ir/shape.ts";
import { commonDType, type Family } from "./type.ts";

type Movement = "Reshape" | "Transpose" | "Concat" | "Slice" | "Expand" | "Pad" | "Squeeze" | "Unsqueeze";

/** The first position, the number of positions and the step that a slice takes of an axis of `size`. */
export function sliceRange(
  size: number,
  start: number,
  end: number,
  step: number,
): { first: number; count: number } {
  const clamp = (at: number, low: number, high: number) =>
    Math.min(high, Math.max(low, at < 0 ? at + size : at));
  // Backwards, an end before the first position is −1, but a start there is the first position itself.
  const [first, last] =
    step > 0
      ? [clamp(start, 0, size), clamp(end, 0, size)]
      : [clamp(start, 0, size - 1), clamp(end, -1, size - 1)];
  return { first, count: Math.max(0, Math.ceil((last - first) / step)) };
}

export const movement: Family<Movement> = {
  Reshape: ([x], { shape }, op) => [{ dtype: x.dtype, shape: reshaped(op, x.shape, shape) }],
  Transpose: ([x], { perm }, op) => {
    const axes = axesOf(op, perm, x.shape.length);
    if (axes.length !== x.shape.length) fail(op, `perm [${perm}] does not fit ${showShape(x.shape)}`);
    return [{ dtype: x.dtype, shape: perm.map((axis) => x.shape[axis]!) }];
  },
  Concat: (values, { axis }, op) => {
    const dtype = commonDType(op, values);
    const first = values[0]!.shape;
    const at = axisOf(op, axis, first.length);
    const sizes = values.map(({ shape }) => {
      const size = shape[at];
      if (shape.length !== first.length || !sameShape(shape.with(at, 0), first.with(at, 0))) {
        fail(op, `shapes differ beside axis ${at}: ${showShape(first)} and ${showShape(shape)}`);
      }
      return size!;
    });
    if (sizes.length === 1) return [{ dtype, shape: first }];
    const total = sizes.reduce<number>(
      (sum, size) => sum + (typeof size === "number" ? size : fail(op, `axis ${at} is ${size}`)),
      0,
    );
    return [{ dtype, shape: first.with(at, total) }];
  },
  Slice: ([x], { starts, ends, axes, steps }, op) => {
    const shape = [...x.shape];
    axesOf(op, axes, shape.length);
    if (new Set([starts.length, ends.length, axes.length, steps.length]).size !== 1)
      fail(op, "starts, ends, axes and steps differ in length");
    axes.forEach((axis, i) => {
      const at = axisOf(op, axis, shape.length);
      const size = shape[at]!;
      if (typeof size !== "number") fail(op, `axis ${at} of ${showShape(x.shape)} has no fixed size`);
      if (steps[i] === 0) fail(op, "a step is 0");
      shape[at] = sliceRange(size, starts[i]!, ends[i]!, steps[i]!).count;
    });
    return [{ dtype: x.dtype, shape }];
  },
  Expand: ([x], { shape }, op) => [{ dtype: x.dtype, shape: broadcast(op, x.shape, shape) }],
  Pad: ([x], { pads }, op) => {
    const rank = x.shape.length;
    if (pads.length !== 2 * rank) fail(op, `pads [${pads}] do not fit ${showShape(x.shape)}`);
    const shape = x.shape.map((size, i) => {
      const pad = pads[i]! + pads[i + rank]!;
      if (typeof size === "number") {
        return size + pad >= 0
          ? size + pad
          : fail(op, `pads [${pads}] crop more than ${showShape(x.shape)} has`);
      }
      return pad === 0 ? size : fail(op, `axis ${i} of ${showShape(x.shape)} has no fixed size`);
    });
    return [{ dtype: x.dtype, shape }];
  },
  Squeeze: ([x], { axes }, op) => {
    if (axes.length === 0) fail(op, "axes is empty, which ONNX reads as all axes of size 1");
    const gone = axesOf(op, axes, x.shape.length);
    for (const axis of gone)
      if (x.shape[axis] !== 1) fail(op, `axis ${axis} of ${showShape(x.shape)} is not 1`);
    return [{ dtype: x.dtype, shape: x.shape.filter((_, i) => !gone.includes(i)) }];
  },
  Unsqueeze: ([x], { axes }, op) => {
    const added = axesOf(op, axes, x.shape.length + axes.length);
    const rest = [...x.shape];
    return [
      {
        dtype: x.dtype,
        shape: Array.from({ length: rest.length + added.length }, (_, i) =>
          added.includes(i) ? 1 : rest.shift()!,
        ),
      },
    ];
  },
};
