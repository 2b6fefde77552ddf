/** Reductions, and operators that choose elements by their order or by an index. */
import { isFloat } from "../../../src/ir/dtype.ts";
import type { Kernels } from "./kernel.ts";
import {
  at,
  axisFrom,
  generate,
  type HostTensor,
  type Index,
  indices,
  line,
  offset,
  wrap,
} from "./tensor.ts";

interface Reduction {
  readonly axes: readonly number[];
  readonly keepdims: 0 | 1;
}

/** One number for all the elements that differ only in their position on the reduced axes. */
function reduce(x: HostTensor, { axes, keepdims }: Reduction, f: (values: number[]) => number): HostTensor[] {
  const reduced = axes.map((axis) => axisFrom(axis, x.shape.length));
  const kept = x.shape.map((size, i) => (reduced.includes(i) ? 1 : size));
  const ranges = x.shape.map((size, i) => (reduced.includes(i) ? size : 1));
  const { data } = generate(x.dtype, kept, (index) =>
    f(
      indices(ranges).map((step) =>
        at(
          x,
          index.map((i, axis) => i + step[axis]!),
        ),
      ),
    ),
  );
  return [{ dtype: x.dtype, shape: keepdims ? kept : kept.filter((_, i) => !reduced.includes(i)), data }];
}

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

/** Positions along a line by decreasing element; of equals, the first one first. */
function decreasing(values: readonly number[]): number[] {
  return values.map((_, i) => i).sort((i, j) => values[j]! - values[i]! || i - j);
}

/** The index whose position along `axis` is an element of an index tensor; negative ones count from the end. */
function redirected(x: HostTensor, axis: number, index: Index, position: number): Index {
  return index.with(axis, axisFrom(position, x.shape[axis]!));
}

type Selection =
  | "ReduceSum"
  | "ReduceMean"
  | "ReduceMax"
  | "ReduceMin"
  | "ArgMax"
  | "TopK"
  | "Gather"
  | "GatherElements"
  | "ScatterElements";

export const selection: Kernels<Selection> = {
  ReduceSum: ([x], attributes) =>
    reduce(x, attributes, (values) => (isFloat(x.dtype) ? sum(values) : wrap(x.dtype, BigInt(sum(values))))),
  ReduceMean: ([x], attributes) => reduce(x, attributes, (values) => sum(values) / values.length),
  ReduceMax: ([x], attributes) => reduce(x, attributes, (values) => Math.max(...values)),
  ReduceMin: ([x], attributes) => reduce(x, attributes, (values) => Math.min(...values)),
  ArgMax: ([x], { axis, keepdims }) => {
    const [y] = reduce(x, { axes: [axis], keepdims }, (values) => decreasing(values)[0]!) as [HostTensor];
    return [{ ...y, dtype: "int64" }];
  },
  TopK: ([x], { k, axis }) => {
    const along = axisFrom(axis, x.shape.length);
    const shape = x.shape.with(along, k);
    const chosen = (index: Index) => {
      const values = line(x, along, index);
      const position = decreasing(values)[index[along]!]!;
      return { value: values[position]!, position };
    };
    return [
      generate(x.dtype, shape, (index) => chosen(index).value),
      generate("int64", shape, (index) => chosen(index).position),
    ];
  },
  Gather: ([x, positions], { axis }) => {
    const along = axisFrom(axis, x.shape.length);
    const rank = positions.shape.length;
    return [
      generate(x.dtype, x.shape.toSpliced(along, 1, ...positions.shape), (index) => {
        const position = at(positions, index.slice(along, along + rank));
        const around = index.toSpliced(along, rank, 0);
        return at(x, redirected(x, along, around, position));
      }),
    ];
  },
  GatherElements: ([x, positions], { axis }) => {
    const along = axisFrom(axis, x.shape.length);
    return [
      generate(x.dtype, positions.shape, (index) => at(x, redirected(x, along, index, at(positions, index)))),
    ];
  },
  ScatterElements: ([x, positions, updates], { axis, reduction }) => {
    const along = axisFrom(axis, x.shape.length);
    const data = [...x.data];
    for (const index of indices(positions.shape)) {
      const target = offset(x.shape, redirected(x, along, index, at(positions, index)));
      const update = at(updates, index);
      data[target] = reduction === "add" ? data[target]! + update : update;
    }
    return [{ ...x, data }];
  },
};
