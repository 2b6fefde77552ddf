/** Operators that move elements without changing them. */
import type { Kernels } from "./kernel.ts";
import {
  at,
  axisFrom,
  broadcastAt,
  broadcastShape,
  generate,
  type HostTensor,
  inside,
  range,
} from "./tensor.ts";

/** The same elements under another shape. Throws where it does not hold exactly as many. */
function withShape(x: HostTensor, shape: readonly number[]): HostTensor[] {
  const size = shape.reduce((a, b) => a * b, 1);
  if (size !== x.data.length) throw new RangeError(`[${shape}] holds ${size} elements, not ${x.data.length}`);
  return [{ ...x, shape }];
}

/** The positions a slice takes of an axis, as ONNX's Slice clamps them. */
function positions(size: number, start: number, end: number, step: number): number[] {
  const clamp = (at: number, low: number, high: number) => Math.min(high, Math.max(low, axisFrom(at, size)));
  const taken: number[] = [];
  if (step > 0) {
    const last = clamp(end, 0, size);
    for (let i = clamp(start, 0, size); i < last; i += step) taken.push(i);
  } else {
    const last = clamp(end, -1, size - 1);
    for (let i = clamp(start, 0, size - 1); i > last; i += step) taken.push(i);
  }
  return taken;
}

type Movement = "Reshape" | "Transpose" | "Concat" | "Slice" | "Expand" | "Pad" | "Squeeze" | "Unsqueeze";

export const movement: Kernels<Movement> = {
  Reshape: ([x], { shape }) => {
    const copied = shape.map((dim, i) => (dim === 0 ? x.shape[i]! : dim));
    const known = copied.filter((dim) => dim !== -1).reduce((a, b) => a * b, 1);
    return withShape(
      x,
      copied.map((dim) => (dim === -1 ? x.data.length / known : dim)),
    );
  },
  Transpose: ([x], { perm }) => {
    const shape = perm.map((axis) => x.shape[axis]!);
    return [
      generate(x.dtype, shape, (index) => {
        const source = x.shape.map((_, axis) => index[perm.indexOf(axis)]!);
        return at(x, source);
      }),
    ];
  },
  Concat: (tensors, { axis }) => {
    const [first] = tensors as [HostTensor];
    const along = axisFrom(axis, first.shape.length);
    // Which tensor, and which of its positions, each position of the result comes from.
    const sources = tensors.flatMap((x) => range(x.shape[along]!).map((i) => [x, i] as const));
    return [
      generate(first.dtype, first.shape.with(along, sources.length), (index) => {
        const [x, i] = sources[index[along]!]!;
        return at(x, index.with(along, i));
      }),
    ];
  },
  Slice: ([x], { starts, ends, axes, steps }) => {
    const taken = x.shape.map(range);
    axes.forEach((axis, i) => {
      const along = axisFrom(axis, x.shape.length);
      taken[along] = positions(x.shape[along]!, starts[i]!, ends[i]!, steps[i]!);
    });
    const shape = taken.map((list) => list.length);
    return [
      generate(x.dtype, shape, (index) =>
        at(
          x,
          index.map((i, axis) => taken[axis]![i]!),
        ),
      ),
    ];
  },
  Expand: ([x], { shape }) => [
    generate(x.dtype, broadcastShape(x.shape, shape), (index) => broadcastAt(x, index)),
  ],
  Pad: ([x], { pads }) => {
    const rank = x.shape.length;
    const shape = x.shape.map((size, i) => size + pads[i]! + pads[i + rank]!);
    return [
      generate(x.dtype, shape, (index) => {
        const source = index.map((i, axis) => i - pads[axis]!);
        return inside(x.shape, source) ? at(x, source) : 0;
      }),
    ];
  },
  Squeeze: ([x], { axes }) => {
    const gone = axes.map((axis) => axisFrom(axis, x.shape.length));
    return withShape(
      x,
      x.shape.filter((_, i) => !gone.includes(i)),
    );
  },
  Unsqueeze: ([x], { axes }) => {
    const rank = x.shape.length + axes.length;
    const added = axes.map((axis) => axisFrom(axis, rank));
    const kept = range(rank).filter((axis) => !added.includes(axis));
    return withShape(
      x,
      range(rank).map((axis) => (added.includes(axis) ? 1 : x.shape[kept.indexOf(axis)]!)),
    );
  },
};
