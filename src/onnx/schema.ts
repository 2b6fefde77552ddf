/** How ONNX writes each operator's attributes, and what it takes as a constant input where we have an attribute. */
import type { DType } from "../ir/dtype.ts";
import type { Attributes, Inputs, OpType } from "../ir/vocabulary.ts";

/** The versions that every provider and old edge runtimes read. */
export const opset = 17;
export const irVersion = 8;

/** `operand` is a one-dimensional int64 tensor among the inputs, in this table's order after the node's own. */
export type Kind = "int" | "ints" | "float" | "string" | "dtype" | "graph" | "operand" | "count";

const none = {};
const window = { kernel_shape: "ints", strides: "ints", pads: "ints", dilations: "ints" } as const;
const { dilations: _, ...undilated } = window;
const axis = { axis: "int" } as const;
const reduction = { axes: "ints", keepdims: "int" } as const;

// biome-ignore format: a table, one row an operator
export const schema: { readonly [K in OpType]: { readonly [A in keyof Attributes<K>]-?: Kind } } = {
  Add: none, Sub: none, Mul: none, Div: none, Pow: none, Max: none, Min: none,
  Equal: none, Greater: none, GreaterOrEqual: none, Less: none, LessOrEqual: none, And: none, Or: none, Not: none,
  Abs: none, Neg: none, Sign: none, Floor: none, Exp: none, Log: none, Sqrt: none, Reciprocal: none, Erf: none,
  Where: none, Clip: none, Cast: { to: "dtype" }, Identity: none, StopGradient: none,
  Relu: none, LeakyRelu: { alpha: "float" }, Elu: { alpha: "float" }, Sigmoid: none, Tanh: none, Softplus: none,
  Softmax: axis, LogSoftmax: axis,
  MatMul: none,
  Gemm: { alpha: "float", beta: "float", transA: "int", transB: "int" },
  Conv: { ...window, group: "int" },
  ConvTranspose: { ...window, group: "int", output_padding: "ints" },
  MaxPool: window,
  AveragePool: { ...undilated, count_include_pad: "int" },
  GlobalAveragePool: none,
  QuantizeLinear: axis, DequantizeLinear: axis, DynamicQuantizeLinear: none, MatMulInteger: none,
  Reshape: { shape: "operand" },
  Transpose: { perm: "ints" },
  Concat: axis,
  Slice: { starts: "operand", ends: "operand", axes: "operand", steps: "operand" },
  Expand: { shape: "operand" },
  Pad: { pads: "operand" },
  Squeeze: { axes: "operand" }, Unsqueeze: { axes: "operand" },
  ReduceSum: { axes: "operand", keepdims: "int" },
  ReduceMean: reduction, ReduceMax: reduction, ReduceMin: reduction,
  ArgMax: { axis: "int", keepdims: "int" },
  TopK: { k: "operand", axis: "int" },
  Gather: axis, GatherElements: axis,
  ScatterElements: { axis: "int", reduction: "string" },
  Scan: { body: "graph", states: "count", sequences: "count" },
};

/** What stands in a file for an operator that ONNX has no word for: the same numbers, without what only `grad` reads. */
export const substitutes: { readonly [K in OpType]?: OpType } = { StopGradient: "Identity" };

/** TensorProto.DataType of each dtype. */
export const dataTypes: { readonly [D in DType]: number } = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
};

/** How many inputs each operator has, left out or not, its operands aside; of Concat and Scan the fewest. */
// biome-ignore format: a table, a number a group
export const arity: { readonly [K in OpType]: Inputs<K>["length"] } = {
  Abs: 1, Neg: 1, Sign: 1, Floor: 1, Exp: 1, Log: 1, Sqrt: 1, Reciprocal: 1, Erf: 1, Not: 1, Cast: 1, Identity: 1,
  StopGradient: 1,
  Relu: 1, LeakyRelu: 1, Elu: 1, Sigmoid: 1, Tanh: 1, Softplus: 1, Softmax: 1, LogSoftmax: 1,
  MaxPool: 1, AveragePool: 1, GlobalAveragePool: 1, DynamicQuantizeLinear: 1,
  Reshape: 1, Transpose: 1, Slice: 1, Expand: 1, Pad: 1, Squeeze: 1, Unsqueeze: 1, Concat: 1, Scan: 1,
  ReduceSum: 1, ReduceMean: 1, ReduceMax: 1, ReduceMin: 1, ArgMax: 1, TopK: 1,
  Add: 2, Sub: 2, Mul: 2, Div: 2, Pow: 2, Max: 2, Min: 2, Equal: 2, Greater: 2, GreaterOrEqual: 2, Less: 2,
  LessOrEqual: 2, And: 2, Or: 2, MatMul: 2, Gather: 2, GatherElements: 2,
  Where: 3, Clip: 3, Gemm: 3, Conv: 3, ConvTranspose: 3, ScatterElements: 3,
  QuantizeLinear: 3, DequantizeLinear: 3, MatMulInteger: 4,
};

/** The first input that can be left out. */
export const optional: { readonly [K in OpType]?: number } = {
  Clip: 1,
  Gemm: 2,
  Conv: 2,
  ConvTranspose: 2,
  DequantizeLinear: 2,
};
