/**
 * The operators that Isthmus speaks: for each, its inputs and its attributes, under ONNX's own names (opset 17), but for
 * one that ONNX has no word for: `StopGradient`, an `Identity` in the file.
 *
 * Gradient rules, shape inference, the ONNX schema, the reference interpreter and the test samples are mapped types
 * over this interface, so an operator added here does not compile until each of them knows it. What ONNX takes as a
 * constant tensor (a shape, axes) is an attribute here: a graph's shapes are known when it is built.
 */
import type { DType, Float, Numeric } from "./dtype.ts";
import type { Graph } from "./graph.ts";
import type { Value } from "./value.ts";

type None = Readonly<Record<never, never>>;
type Ints = readonly number[];
type Index = Value<"int32" | "int64">;
type Unary<D extends DType> = [inputs: [x: Value<D>], attributes: None];
type Binary<D extends DType> = [inputs: [a: Value<D>, b: Value<D>], attributes: None];
type Reduction<D extends DType> = [
  inputs: [x: Value<D>],
  attributes: { readonly axes: Ints; readonly keepdims: 0 | 1 },
];

/** Where a window goes: per spatial axis its stride and dilation; `pads` holds all beginnings, then all ends. */
export interface Window {
  readonly kernel_shape: Ints;
  readonly strides: Ints;
  readonly pads: Ints;
  readonly dilations: Ints;
}

export interface Vocabulary {
  // Elementwise, with NumPy's broadcasting
  Add: Binary<Numeric>;
  Sub: Binary<Numeric>;
  Mul: Binary<Numeric>;
  Div: Binary<Numeric>;
  Pow: Binary<Numeric>;
  Max: Binary<Numeric>;
  Min: Binary<Numeric>;
  Equal: Binary<DType>;
  Greater: Binary<Numeric>;
  GreaterOrEqual: Binary<Numeric>;
  Less: Binary<Numeric>;
  LessOrEqual: Binary<Numeric>;
  And: Binary<"bool">;
  Or: Binary<"bool">;
  Not: Unary<"bool">;
  Abs: Unary<Numeric>;
  Neg: Unary<Numeric>;
  Sign: Unary<Numeric>;
  Floor: Unary<Float>;
  Exp: Unary<Float>;
  Log: Unary<Float>;
  Sqrt: Unary<Float>;
  Reciprocal: Unary<Float>;
  Erf: Unary<Float>;
  Where: [inputs: [condition: Value<"bool">, a: Value, b: Value], attributes: None];
  Clip: [
    inputs: [x: Value<Numeric>, min: Value<Numeric> | undefined, max: Value<Numeric> | undefined],
    attributes: None,
  ];
  Cast: [inputs: [x: Value], attributes: { readonly to: DType }];
  Identity: Unary<DType>;
  StopGradient: Unary<Float>;

  // Activations
  Relu: Unary<Float>;
  LeakyRelu: [inputs: [x: Value<Float>], attributes: { readonly alpha: number }];
  Elu: [inputs: [x: Value<Float>], attributes: { readonly alpha: number }];
  Sigmoid: Unary<Float>;
  Tanh: Unary<Float>;
  Softplus: Unary<Float>;
  Softmax: [inputs: [x: Value<Float>], attributes: { readonly axis: number }];
  LogSoftmax: [inputs: [x: Value<Float>], attributes: { readonly axis: number }];

  // Products and windows
  MatMul: Binary<Float>;
  Gemm: [
    inputs: [a: Value<Float>, b: Value<Float>, c: Value<Float> | undefined],
    attributes: {
      readonly alpha: number;
      readonly beta: number;
      readonly transA: 0 | 1;
      readonly transB: 0 | 1;
    },
  ];
  Conv: [
    inputs: [x: Value<Float>, w: Value<Float>, b: Value<Float> | undefined],
    attributes: Window & { readonly group: number },
  ];
  ConvTranspose: [
    inputs: [x: Value<Float>, w: Value<Float>, b: Value<Float> | undefined],
    attributes: Window & { readonly group: number; readonly output_padding: Ints },
  ];
  MaxPool: [inputs: [x: Value<Float>], attributes: Window];
  AveragePool: [
    inputs: [x: Value<Float>],
    attributes: Omit<Window, "dilations"> & { readonly count_include_pad: 0 | 1 },
  ];
  GlobalAveragePool: Unary<Float>;

  // Integers that stand for floats: scale · (q − zero point), with one scale or one for every index along an axis
  QuantizeLinear: [
    inputs: [x: Value<"float32">, scale: Value<"float32">, zeroPoint: Value<"uint8" | "int8">],
    attributes: { readonly axis: number },
  ];
  DequantizeLinear: [
    inputs: [x: Value<"uint8" | "int8" | "int32">, scale: Value<"float32">, zeroPoint: Value | undefined],
    attributes: { readonly axis: number },
  ];
  /** Outputs: uint8 of the shape of x, their scale and their zero point, both of which the elements of x decide. */
  DynamicQuantizeLinear: Unary<"float32">;
  MatMulInteger: [
    inputs: [
      a: Value<"uint8" | "int8">,
      b: Value<"uint8" | "int8">,
      aZeroPoint: Value<"uint8" | "int8">,
      bZeroPoint: Value<"uint8" | "int8">,
    ],
    attributes: None,
  ];

  // Movement
  Reshape: [inputs: [x: Value], attributes: { readonly shape: Ints }];
  Transpose: [inputs: [x: Value], attributes: { readonly perm: Ints }];
  Concat: [inputs: readonly Value[], attributes: { readonly axis: number }];
  Slice: [
    inputs: [x: Value],
    attributes: { readonly starts: Ints; readonly ends: Ints; readonly axes: Ints; readonly steps: Ints },
  ];
  Expand: [inputs: [x: Value], attributes: { readonly shape: Ints }];
  Pad: [inputs: [x: Value<Float>], attributes: { readonly pads: Ints }];
  Squeeze: [inputs: [x: Value], attributes: { readonly axes: Ints }];
  Unsqueeze: [inputs: [x: Value], attributes: { readonly axes: Ints }];

  // Reductions and choice
  ReduceSum: Reduction<Numeric>;
  ReduceMean: Reduction<Float>;
  ReduceMax: Reduction<Numeric>;
  ReduceMin: Reduction<Numeric>;
  ArgMax: [inputs: [x: Value<Numeric>], attributes: { readonly axis: number; readonly keepdims: 0 | 1 }];
  TopK: [inputs: [x: Value<Numeric>], attributes: { readonly k: number; readonly axis: number }];
  Gather: [inputs: [x: Value, indices: Index], attributes: { readonly axis: number }];
  GatherElements: [inputs: [x: Value, indices: Index], attributes: { readonly axis: number }];
  ScatterElements: [
    inputs: [x: Value, indices: Index, updates: Value],
    attributes: { readonly axis: number; readonly reduction: "none" | "add" },
  ];

  /**
   * A loop: `inputs` are the states' first values, then the sequences walked along their first axis, then what the
   * body only reads; `body` takes them in that order (a sequence without its first axis) and returns the states'
   * next values, then what is stacked. Outputs: the last states, then the stacks.
   */
  Scan: [
    inputs: readonly Value[],
    attributes: { readonly body: Graph; readonly states: number; readonly sequences: number },
  ];
}

export type OpType = keyof Vocabulary;
export type Inputs<K extends OpType> = Vocabulary[K][0];
export type Attributes<K extends OpType> = Vocabulary[K][1];
