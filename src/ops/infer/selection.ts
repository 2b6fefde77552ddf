/** Types of reductions, of operators that choose elements by index, and of the loop. */
import type { DType } from "../../ir/dtype.ts";
import { fail } from "../../ir/error.ts";
import { axesOf, axisOf, type Dim, sameShape, showShape } from "../../ir/shape.ts";
import { showType, type Value } from "../../ir/value.ts";
import type { OpType } from "../../ir/vocabulary.ts";
import { commonDType, type Family, requireDType, type Type } from "./type.ts";

const index: readonly DType[] = ["int32", "int64"];

const reduction = (
  [x]: readonly [Value],
  { axes, keepdims }: { readonly axes: readonly number[]; readonly keepdims: 0 | 1 },
  op: OpType,
): Type[] => {
  if (axes.length === 0) fail(op, "axes is empty, which ONNX reads as all axes");
  const reduced = axesOf(op, axes, x.shape.length);
  const kept = x.shape.map((dim, i): Dim => (reduced.includes(i) ? 1 : dim));
  return [{ dtype: x.dtype, shape: keepdims ? kept : kept.filter((_, i) => !reduced.includes(i)) }];
};

type Selection =
  | "ReduceSum"
  | "ReduceMean"
  | "ReduceMax"
  | "ReduceMin"
  | "ArgMax"
  | "TopK"
  | "Gather"
  | "GatherElements"
  | "ScatterElements"
  | "Scan";

export const selection: Family<Selection> = {
  ReduceSum: reduction,
  ReduceMean: reduction,
  ReduceMax: reduction,
  ReduceMin: reduction,
  ArgMax: ([x], { axis, keepdims }, op) => [
    { dtype: "int64", shape: reduction([x], { axes: [axis], keepdims }, op)[0]!.shape },
  ],
  TopK: ([x], { k, axis }, op) => {
    const at = axisOf(op, axis, x.shape.length);
    const size = x.shape[at]!;
    if (typeof size === "number" && k > size)
      fail(op, `k ${k} is larger than axis ${at} of ${showShape(x.shape)}`);
    const shape = x.shape.with(at, k);
    return [
      { dtype: x.dtype, shape },
      { dtype: "int64", shape },
    ];
  },
  Gather: ([x, indices], { axis }, op) => {
    requireDType(op, indices, index);
    const at = axisOf(op, axis, x.shape.length);
    return [{ dtype: x.dtype, shape: x.shape.toSpliced(at, 1, ...indices.shape) }];
  },
  GatherElements: ([x, indices], { axis }, op) => {
    requireDType(op, indices, index);
    axisOf(op, axis, x.shape.length);
    if (indices.shape.length !== x.shape.length)
      fail(op, `ranks differ: ${showShape(x.shape)} and ${showShape(indices.shape)}`);
    return [{ dtype: x.dtype, shape: indices.shape }];
  },
  ScatterElements: ([x, indices, updates], { axis }, op) => {
    requireDType(op, indices, index);
    axisOf(op, axis, x.shape.length);
    if (indices.shape.length !== x.shape.length)
      fail(op, `ranks differ: ${showShape(x.shape)} and ${showShape(indices.shape)}`);
    if (!sameShape(indices.shape, updates.shape))
      fail(op, `indices ${showShape(indices.shape)} and updates ${showShape(updates.shape)} differ`);
    return [{ dtype: commonDType(op, [x, updates]), shape: x.shape }];
  },
  Scan: (values, { body, states, sequences }, op) => {
    const inputs = Object.entries(body.inputs);
    const outputs = Object.entries(body.outputs);
    if (inputs.length !== values.length)
      fail(op, `body ${body.name} takes ${inputs.length} inputs, got ${values.length}`);
    const steps = values.slice(states, states + sequences).map(({ shape }) => shape[0]!);
    if (steps.length === 0) fail(op, `${body.name} walks no sequence`);
    if (steps.some((count) => count !== steps[0]))
      fail(op, `sequences differ in length: ${steps.join(", ")}`);
    inputs.forEach(([name, parameter], i) => {
      const { dtype, shape } = values[i]!;
      const fed = { dtype, shape: i >= states && i < states + sequences ? shape.slice(1) : shape };
      if (showType(fed) !== showType(parameter))
        fail(op, `body input ${name} is ${showType(parameter)}, got ${showType(fed)}`);
    });
    return outputs.map(([name, value], i) => {
      if (i >= states) return { dtype: value.dtype, shape: [steps[0]!, ...value.shape] };
      if (showType(value) !== showType(values[i]!))
        fail(op, `state ${name} goes in as ${showType(values[i]!)} and comes out as ${showType(value)}`);
      return value;
    });
  },
};
