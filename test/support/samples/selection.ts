/** Samples of reductions, and of operators that choose elements. */
import type { DType } from "../../../src/ir/dtype.ts";
import { bits, type Draw, distinct, f32, f64, int, integers, normal } from "./draw.ts";
import type { InputSpec, NonEmpty, Sample, Samples } from "./sample.ts";

type Reduction = "ReduceSum" | "ReduceMean" | "ReduceMax" | "ReduceMin";

/** Every kind of axis, kept and dropped; then other dtypes, with many equal elements. */
function reduction(draw: Draw, dtypes: readonly DType[]): NonEmpty<Sample<Reduction>> {
  const one = (x: InputSpec, axes: number[], keepdims: 0 | 1 = 0): Sample<Reduction> => ({
    inputs: [x],
    attributes: { axes, keepdims },
  });
  return [
    one(f32([2, 3], draw), [0, 1]),
    one(f32([2, 3], draw), [0]),
    one(f32([2, 3], draw), [1], 1),
    one(f32([2, 3, 4], draw), [-1]),
    one(f32([2, 3, 4], draw), [-3, 1], 1),
    one(f32([2, 1, 4], draw), [1]),
    one(f32([5], draw), [0]),
    one(f32([5], draw), [0], 1),
    one(f32([0, 3], draw), [1]),
    one(f64([2, 3], draw), [1]),
    ...dtypes.map((dtype) => one({ dtype, shape: [4, 5], draw: integers(0, 5) }, [1])),
  ];
}

const index = (dtype: "int32" | "int64", shape: readonly number[], low: number, high: number) =>
  int(dtype, shape, integers(low, high));

type Selection = Reduction | "ArgMax" | "TopK" | "Gather" | "GatherElements" | "ScatterElements";

/** Distinct positions, where a repeated one would leave the result to chance. */
const places = (dtype: "int32" | "int64", size: number): InputSpec =>
  int(dtype, [size], (random) => Array.from(random.permutation(size)));

export const selection: Samples<Selection> = {
  ReduceSum: [
    ...reduction(normal, ["int32", "int64"]),
    { inputs: [f32([2, 0])], attributes: { axes: [1], keepdims: 0 } },
  ],
  // The mean of nothing is left open by ONNX (and 0, not NaN, in ONNX Runtime)
  ReduceMean: reduction(normal, []),
  ReduceMax: reduction(distinct, ["int8", "uint8", "int32", "int64"]),
  ReduceMin: reduction(distinct, ["int8", "uint8", "int32", "int64"]),
  ArgMax: [
    { inputs: [f32([2, 5])], attributes: { axis: 1, keepdims: 0 } },
    { inputs: [f32([2, 5])], attributes: { axis: 0, keepdims: 1 } },
    { inputs: [f32([2, 3, 4])], attributes: { axis: -2, keepdims: 0 } },
    // Many equals: the first wins
    { inputs: [f32([4, 6], integers(0, 3))], attributes: { axis: 1, keepdims: 0 } },
    { inputs: [int("int32", [4, 6], integers(0, 3))], attributes: { axis: 0, keepdims: 0 } },
    { inputs: [int("uint8", [4, 6], integers(0, 3))], attributes: { axis: 1, keepdims: 1 } },
  ],
  TopK: [
    { inputs: [f32([2, 6], distinct)], attributes: { k: 3, axis: -1 } },
    { inputs: [f32([4, 3], distinct)], attributes: { k: 2, axis: 0 } },
    { inputs: [f32([2, 4, 3], distinct)], attributes: { k: 4, axis: 1 } },
    { inputs: [f32([5], distinct)], attributes: { k: 1, axis: 0 } },
    { inputs: [f64([2, 5], distinct)], attributes: { k: 2, axis: 1 } },
    // Many equals: the lower index first
    { inputs: [int("int64", [3, 8], integers(0, 3))], attributes: { k: 5, axis: 1 } },
    { inputs: [int("int32", [3, 8], integers(0, 3))], attributes: { k: 8, axis: 1 } },
  ],
  Gather: [
    { inputs: [f32([5, 2]), index("int64", [3], 0, 5)], attributes: { axis: 0 } },
    { inputs: [f32([5, 2]), index("int32", [3], -5, 5)], attributes: { axis: 0 } },
    { inputs: [f32([3, 4]), index("int64", [2, 2], 0, 4)], attributes: { axis: -1 } },
    { inputs: [f32([2, 3, 4]), index("int32", [], -3, 3)], attributes: { axis: 1 } },
    { inputs: [f32([5, 2]), index("int64", [0], 0, 1)], attributes: { axis: 0 } },
    {
      inputs: [int("uint8", [6, 2, 2], integers(0, 256)), index("int32", [4], 0, 6)],
      attributes: { axis: 0 },
    },
    { inputs: [bits("bool", [6]), index("int64", [4], 0, 6)], attributes: { axis: 0 } },
  ],
  GatherElements: [
    { inputs: [f32([3, 4]), index("int64", [2, 4], 0, 3)], attributes: { axis: 0 } },
    { inputs: [f32([3, 4]), index("int32", [3, 6], -4, 4)], attributes: { axis: 1 } },
    { inputs: [f32([2, 3, 4]), index("int64", [2, 2, 4], -3, 3)], attributes: { axis: -2 } },
    { inputs: [f32([3, 4]), index("int64", [2, 2], 0, 4)], attributes: { axis: 1 } },
    { inputs: [f32([4]), index("int64", [0], 0, 1)], attributes: { axis: 0 } },
    {
      inputs: [int("int64", [3, 4], integers(-9, 10)), index("int64", [3, 1], 0, 4)],
      attributes: { axis: 1 },
    },
  ],
  ScatterElements: [
    { inputs: [f32([5]), places("int64", 5), f32([5])], attributes: { axis: 0, reduction: "none" } },
    { inputs: [f32([5]), places("int32", 3), f32([3])], attributes: { axis: -1, reduction: "none" } },
    {
      inputs: [f32([3, 4]), index("int64", [1, 4], -3, 3), f32([1, 4])],
      attributes: { axis: 0, reduction: "none" },
    },
    { inputs: [f32([5]), index("int64", [9], -5, 5), f32([9])], attributes: { axis: 0, reduction: "add" } },
    {
      inputs: [f32([3, 4]), index("int32", [3, 6], 0, 4), f32([3, 6])],
      attributes: { axis: 1, reduction: "add" },
    },
    {
      inputs: [f32([2, 3, 2]), index("int64", [2, 5, 1], 0, 3), f32([2, 5, 1])],
      attributes: { axis: -2, reduction: "add" },
    },
    { inputs: [f32([4]), index("int64", [0], 0, 1), f32([0])], attributes: { axis: 0, reduction: "add" } },
    {
      inputs: [
        int("int64", [4], integers(0, 9)),
        index("int64", [6], 0, 4),
        int("int64", [6], integers(0, 9)),
      ],
      attributes: { axis: 0, reduction: "add" },
    },
  ],
};
