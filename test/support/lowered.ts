/** Models of what other exporters emit and the vocabulary has not, in the forms of several opsets. */
import { Random } from "../../src/data/random.ts";
import type { DType, Float } from "../../src/ir/dtype.ts";
import { type NodeProto, onnx } from "../../src/onnx/proto.ts";
import { type Foreign, node, port, weight } from "./foreign.ts";

/** One model, in float32 for runtimes and in float64 for central differences. */
export type Lowered = (float: Float) => Foreign;

const of = (shape: readonly number[], float: DType) => port("x", shape, float);

/** A model of `nodes` on `x` of this shape, its initializers drawn by name and shape. */
const on =
  (
    shape: readonly number[],
    nodes: NodeProto[],
    weights: Readonly<Record<string, readonly number[]>> = {},
    opset = 17,
    more: Partial<Foreign> = {},
  ): Lowered =>
  (float) => ({
    inputs: [of(shape, float)],
    nodes,
    initializers: [
      ...Object.entries(weights).map(([name, dims]) => drawn(name, dims, float)),
      ...(more.initializers ?? []),
    ],
    opset,
    ...(more.outputs && { outputs: more.outputs }),
  });

function drawn(name: string, dims: readonly number[], float: Float) {
  const random = new Random(3, name);
  const size = dims.reduce((a, b) => a * b, 1);
  const draw = () => (name.startsWith("variance") ? 0.5 + random.uniform() : random.normal());
  return weight(name, [...dims], float, Array.from({ length: size }, draw));
}

const ints = (name: string, values: readonly number[]) => weight(name, [values.length], "int64", values);
const floats = (name: string, values: readonly number[]) => weight(name, [values.length], "float32", values);
const one = (op: string, attributes: Parameters<typeof node>[2] = {}, opset = 17, shape = [3, 4]) =>
  on(shape, [node(op, ["x"], attributes)], {}, opset);

/** The node with one attribute more, such as a tensor. */
function withAttribute(made: NodeProto, name: string, value: object): NodeProto {
  return { ...made, attribute: [...(made.attribute ?? []), { name, ...value }] };
}
const { AttributeType } = onnx.AttributeProto;
const tensorOf = (t: object) => ({ type: AttributeType.TENSOR, t });

const image = [2, 4, 5, 6];
const bn = ["x", "scale", "bias", "mean", "variance"];
const channels = { scale: [4], bias: [4], mean: [4], variance: [4] };

const resize = (attributes: Record<string, string | number | number[]>, scales: number[], opset = 17) =>
  on([2, 3, 4, 6], [node("Resize", ["x", opset < 13 ? "roi" : "", "scales"], attributes)], {}, opset, {
    initializers: [floats("scales", scales), ...(opset < 13 ? [floats("roi", [])] : [])],
  });
const sized = (attributes: Record<string, string>, sizes: number[]) =>
  on([2, 3, 4, 6], [node("Resize", ["x", "", "", "sizes"], attributes)], {}, 17, {
    initializers: [ints("sizes", sizes)],
  });
const padded = (mode: string, pads: number[], opset = 17) =>
  on([2, 3, 4], [node("Pad", ["x", "pads"], { mode })], {}, opset, { initializers: [ints("pads", pads)] });

export const lowered: Readonly<Record<string, Lowered>> = {
  // Activations
  HardSigmoid: one("HardSigmoid", { alpha: 0.3, beta: 0.6 }),
  "HardSigmoid without attributes": one("HardSigmoid", {}, 11),
  HardSwish: one("HardSwish", {}, 14),
  "PRelu of one slope": on(image, [node("PRelu", ["x", "slope"])], { slope: [1] }, 11),
  "PRelu of a slope a channel": on(image, [node("PRelu", ["x", "slope"])], { slope: [4, 1, 1] }, 16),
  ThresholdedRelu: one("ThresholdedRelu", { alpha: 0.3 }),
  Selu: one("Selu"),
  Celu: one("Celu", { alpha: 0.7 }, 12),
  "Gelu, exact": one("Gelu", {}, 20),
  "Gelu, approximate": one("Gelu", { approximate: "tanh" }, 20),
  Mish: one("Mish", {}, 18),
  Softsign: one("Softsign"),
  "Softmax over several axes, before opset 13": one("Softmax", {}, 11, [2, 3, 4]),
  "LogSoftmax over the last axis, before opset 13": one("LogSoftmax", { axis: 2 }, 11, [2, 3, 4]),
  "Softmax of a middle axis": one("Softmax", { axis: 1 }, 13, [2, 3, 4]),

  // Elementwise
  Ceil: one("Ceil"),
  "Sum of three": on([3, 4], [node("Sum", ["x", "a", "b"])], { a: [4], b: [3, 1] }, 13),
  "Mean of two": on([3, 4], [node("Mean", ["x", "a"])], { a: [3, 4] }),
  "Clip between initializers": on([3, 4], [node("Clip", ["x", "low", "high"])], {}, 11, {
    initializers: [weight("low", [], "float32", [-0.5]), weight("high", [], "float32", [0.75])],
  }),
  ...Object.fromEntries(
    [2, 3, 1, 0.5, -0.5, -1, 1.7].map((exponent) => [
      `Pow of ${exponent}`,
      ((float) => ({
        inputs: [of([3, 4], float)],
        nodes: [
          node("Exp", ["x"], {}, "h"),
          withAttribute(node("Constant", [], {}, "e"), "value", tensorOf(weight("e", [], float, [exponent]))),
          node("Pow", ["h", "e"]),
        ],
      })) satisfies Lowered,
    ]),
  ),
  "Pow of a whole number": on([3, 4], [node("Pow", ["x", "e"])], {}, 13, {
    initializers: [weight("e", [], "int64", [4])],
  }),
  Dropout: on([3, 4], [node("Dropout", ["x"], { ratio: 0.4 })], {}, 11),
  "Dropout that is told not to train": on([3, 4], [node("Dropout", ["x", "ratio", "training"])], {}, 13, {
    initializers: [weight("ratio", [], "float32", [0.3]), weight("training", [], "bool", [0])],
  }),

  // Normalisations
  BatchNormalization: on(image, [node("BatchNormalization", bn, { epsilon: 1e-3, momentum: 0.9 })], channels),
  "BatchNormalization of a matrix, opset 11": on([3, 4], [node("BatchNormalization", bn)], channels, 11),
  LayerNormalization: on([2, 3, 4], [node("LayerNormalization", ["x", "scale", "bias"], { epsilon: 1e-3 })], {
    scale: [4],
    bias: [4],
  }),
  "LayerNormalization over two axes, without bias": on(
    [2, 3, 4],
    [node("LayerNormalization", ["x", "scale"], { axis: 1 })],
    { scale: [3, 4] },
  ),
  InstanceNormalization: on(
    image,
    [node("InstanceNormalization", ["x", "scale", "bias"], { epsilon: 0.5 })],
    { scale: [4], bias: [4] },
    11,
  ),
  "GroupNormalization, a scale a channel": on(
    image,
    [node("GroupNormalization", ["x", "scale", "bias"], { num_groups: 2 })],
    { scale: [4], bias: [4] },
    21,
  ),
  "GroupNormalization, a scale a group": on(
    image,
    [node("GroupNormalization", ["x", "scale", "bias"], { num_groups: 2 })],
    { scale: [2], bias: [2] },
    18,
  ),
  LpNormalization: one("LpNormalization", { axis: 1 }),
  "LpNormalization, absolute": one("LpNormalization", { axis: 0, p: 1 }),

  // Windows
  "Conv, SAME_UPPER": on(image, [node("Conv", ["x", "w"], { auto_pad: "SAME_UPPER", strides: [2, 2] })], {
    w: [3, 4, 2, 3],
  }),
  "Conv, SAME_LOWER": on(
    image,
    [node("Conv", ["x", "w", "b"], { auto_pad: "SAME_LOWER", strides: [2, 1] })],
    { w: [3, 4, 2, 2], b: [3] },
  ),
  "Conv, VALID, dilated": on(image, [node("Conv", ["x", "w"], { auto_pad: "VALID", dilations: [2, 1] })], {
    w: [3, 4, 2, 2],
  }),
  "Conv of one axis in groups": on([2, 4, 7], [node("Conv", ["x", "w"], { group: 2, pads: [1, 0] })], {
    w: [6, 2, 3],
  }),
  "ConvTranspose, SAME_UPPER": on(
    image,
    [node("ConvTranspose", ["x", "w"], { auto_pad: "SAME_UPPER", strides: [2, 2], kernel_shape: [3, 3] })],
    { w: [4, 2, 3, 3] },
  ),
  "ConvTranspose to a shape": on(
    image,
    [node("ConvTranspose", ["x", "w"], { output_shape: [10, 13], strides: [2, 2] })],
    { w: [4, 2, 3, 3] },
  ),
  "ConvTranspose, padded": on(
    image,
    [node("ConvTranspose", ["x", "w", "b"], { pads: [1, 0, 1, 1], strides: [2, 2], output_padding: [1, 0] })],
    { w: [4, 2, 3, 3], b: [2] },
  ),
  "MaxPool, SAME_UPPER": on(image, [
    node("MaxPool", ["x"], { auto_pad: "SAME_UPPER", kernel_shape: [2, 3], strides: [2, 2] }),
  ]),
  "MaxPool, rounding up": on(image, [
    node("MaxPool", ["x"], { ceil_mode: 1, kernel_shape: [2, 3], strides: [2, 2] }),
  ]),
  "AveragePool, rounding up": on(
    [2, 2, 6, 7],
    [node("AveragePool", ["x"], { ceil_mode: 1, kernel_shape: [3, 3], strides: [2, 2] })],
    {},
    19,
  ),
  "AveragePool, padding counted": on(
    image,
    [node("AveragePool", ["x"], { kernel_shape: [3, 3], pads: [1, 1, 1, 1], count_include_pad: 1 })],
    {},
    11,
  ),
  "AveragePool, SAME_LOWER": on(image, [
    node("AveragePool", ["x"], { auto_pad: "SAME_LOWER", kernel_shape: [2, 2] }),
  ]),
  GlobalMaxPool: one("GlobalMaxPool", {}, 11, image),
  GlobalAveragePool: one("GlobalAveragePool", {}, 11, image),

  // Resize
  "Resize, nearest, twice and three times": resize(
    { mode: "nearest", coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" },
    [1, 1, 2, 3],
  ),
  "Resize, nearest, as PyTorch has it, opset 11": resize(
    { mode: "nearest", coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" },
    [1, 1, 2, 2],
    11,
  ),
  "Resize, nearest, without attributes": resize({}, [1, 1, 2, 2], 13),
  "Resize, nearest, smaller": resize({ nearest_mode: "ceil" }, [1, 1, 0.5, 0.5]),
  "Resize, nearest, by a fraction": sized(
    { coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" },
    [2, 3, 5, 8],
  ),
  ...Object.fromEntries(
    [1.2, 1.4].map((scale) => [
      `Resize of 20 by ${scale}`,
      on(
        [1, 1, 20, 1],
        [
          node("Resize", ["x", "", "scales"], {
            coordinate_transformation_mode: "asymmetric",
            nearest_mode: "floor",
          }),
        ],
        {},
        17,
        { initializers: [floats("scales", [1, 1, scale, 1])] },
      ),
    ]),
  ),
  "Resize, nearest, to a size that is no whole multiple in float32": on(
    [1, 1, 28, 14],
    [
      node("Resize", ["x", "", "", "sizes"], {
        coordinate_transformation_mode: "asymmetric",
        nearest_mode: "floor",
      }),
    ],
    {},
    17,
    { initializers: [ints("sizes", [1, 1, 32, 16])] },
  ),
  "Resize, linear, half pixels": resize({ mode: "linear" }, [1, 1, 2, 2]),
  "Resize, linear, PyTorch's half pixels": sized(
    { mode: "linear", coordinate_transformation_mode: "pytorch_half_pixel" },
    [2, 3, 1, 9],
  ),
  "Resize, linear, aligned corners": sized(
    { mode: "linear", coordinate_transformation_mode: "align_corners" },
    [2, 3, 7, 4],
  ),
  "Resize, linear, smaller": resize(
    { mode: "linear", coordinate_transformation_mode: "asymmetric" },
    [1, 1, 0.5, 0.5],
    19,
  ),
  "Resize of one axis among all, opset 18": on(
    [2, 3, 4, 6],
    [node("Resize", ["x", "", "scales"], { mode: "linear", axes: [3] })],
    {},
    18,
    { initializers: [floats("scales", [2])] },
  ),

  // Movement
  "Reshape from an attribute-like initializer": on([2, 12], [node("Reshape", ["x", "s"])], {}, 21, {
    initializers: [ints("s", [0, 3, -1])],
  }),
  "Expand both ways": on([2, 1, 4], [node("Expand", ["x", "s"])], {}, 13, {
    initializers: [ints("s", [3, 1])],
  }),
  Flatten: one("Flatten", {}, 11, [2, 3, 4]),
  "Flatten at the first axis": one("Flatten", { axis: 0 }, 13, [2, 3, 4]),
  "Flatten at the last axis, counted from the end": one("Flatten", { axis: -1 }, 13, [2, 3, 4]),
  "Pad, edge": padded("edge", [0, 1, 2, 0, 2, 1]),
  "Pad, reflect": padded("reflect", [0, 0, 2, 1, 2, 3], 11),
  "Pad with a number": on([2, 3], [node("Pad", ["x", "pads", "value"])], {}, 13, {
    initializers: [ints("pads", [0, 1, 0, 2]), weight("value", [], "float32", [1.5])],
  }),
  ...Object.fromEntries(
    [Number.NEGATIVE_INFINITY, -3.4028234663852886e38].map((value) => [
      `Pad with ${value} before a MaxPool`,
      on(
        [2, 3, 4],
        [
          node("Pad", ["x", "pads", "value"], {}, "h"),
          node("MaxPool", ["h"], { kernel_shape: [3], strides: [2] }),
        ],
        {},
        13,
        { initializers: [ints("pads", [0, 0, 1, 0, 0, 2]), weight("value", [], "float32", [value])] },
      ),
    ]),
  ),
  "Pad of one axis among all, opset 18": on([2, 3], [node("Pad", ["x", "pads", "", "axes"])], {}, 18, {
    initializers: [ints("pads", [1, 2]), ints("axes", [-1])],
  }),
  "Split in sizes, opset 11": on(
    [2, 5],
    [{ ...node("Split", ["x"], { axis: 1, split: [2, 3] }), output: ["y", "z"] }],
    {},
    11,
    { outputs: ["y", "z"] },
  ),
  "Split in sizes": on([2, 5], [{ ...node("Split", ["x", "s"], { axis: 1 }), output: ["y", "z"] }], {}, 13, {
    outputs: ["y", "z"],
    initializers: [ints("s", [1, 4])],
  }),
  "Split in equal parts, opset 18": on(
    [2, 5],
    [{ ...node("Split", ["x"], { axis: 1, num_outputs: 2 }), output: ["y", "z"] }],
    {},
    18,
    { outputs: ["z", "y"] },
  ),
  "DepthToSpace, DCR": one("DepthToSpace", { blocksize: 2 }, 11, [2, 8, 2, 3]),
  "DepthToSpace, CRD": one("DepthToSpace", { blocksize: 2, mode: "CRD" }, 13, [2, 8, 2, 3]),
  SpaceToDepth: one("SpaceToDepth", { blocksize: 2 }, 13, [2, 2, 4, 6]),
  ConstantOfShape: (dtype) => ({
    inputs: [of([2, 3], dtype)],
    nodes: [
      withAttribute(
        node("ConstantOfShape", ["s"], {}, "c"),
        "value",
        tensorOf(weight("v", [1], dtype, [2.5])),
      ),
      node("Mul", ["x", "c"]),
    ],
    initializers: [ints("s", [2, 3])],
  }),
  "Squeeze and Unsqueeze by attributes, opset 11": on(
    [2, 1, 3],
    [node("Squeeze", ["x"], { axes: [1] }, "s"), node("Unsqueeze", ["s"], { axes: [0, 3] })],
    {},
    11,
  ),

  // Reductions
  ...Object.fromEntries(
    [
      "ReduceL1",
      "ReduceL2",
      "ReduceSumSquare",
      "ReduceLogSumExp",
      "ReduceMean",
      "ReduceMax",
      "ReduceMin",
      "ReduceSum",
    ].flatMap((op) => [
      [
        `${op} by attributes, opset 11`,
        on([2, 3, 4], [node(op, ["x"], { axes: [1, -1], keepdims: 0 })], {}, 11),
      ],
      [
        `${op} by an input, opset 18`,
        on([2, 3, 4], [node(op, ["x", "axes"])], {}, 18, { initializers: [ints("axes", [1])] }),
      ],
    ]),
  ),
  "ReduceL2 that says what is so anyway": on(
    [2, 3, 4],
    [node("ReduceL2", ["x", "axes"], { noop_with_empty_axes: 0 })],
    {},
    18,
    { initializers: [ints("axes", [1])] },
  ),
  "ReduceLogSum over everything": on(
    [3, 4],
    [node("Exp", ["x"], {}, "h"), node("ReduceLogSum", ["h"], { keepdims: 0 })],
    {},
    13,
  ),

  // Arithmetic on shapes
  "a view as PyTorch exports it": on(
    [2, 3, 4],
    [
      node("Shape", ["x"], {}, "s"),
      withAttribute(node("Constant", [], {}, "zero"), "value", tensorOf(weight("c", [], "int64", [0]))),
      node("Gather", ["s", "zero"], { axis: 0 }, "n"),
      node("Constant", [], { value_ints: [0] }, "axes"),
      node("Unsqueeze", ["n", "axes"], {}, "first"),
      node("Constant", [], { value_ints: [-1] }, "rest"),
      node("Concat", ["first", "rest"], { axis: 0 }, "shape"),
      node("Reshape", ["x", "shape"]),
    ],
    {},
    13,
  ),
  "a view of the product of two dimensions": on(
    [2, 3, 4],
    [
      node("Shape", ["x"], { start: 1 }, "s"),
      node("ReduceProd", ["s"], { keepdims: 1 }, "p"),
      node("Constant", [], { value_ints: [-1] }, "rest"),
      node("Concat", ["rest", "p"], { axis: 0 }, "shape"),
      node("Reshape", ["x", "shape"]),
    ],
    {},
    15,
  ),
  "a broadcast as PyTorch exports it": on(
    [2, 3, 1],
    [
      node("Shape", ["x"], {}, "s"),
      node("Constant", [], { value_ints: [1, 1, 5] }, "t"),
      node("Mul", ["s", "t"], {}, "wanted"),
      node("ConstantOfShape", ["three"], {}, "unused"),
      node("Constant", [], { value_ints: [-1, -1, -1] }, "minus"),
      node("Equal", ["wanted", "minus"], {}, "is"),
      node("Where", ["is", "s", "wanted"], {}, "shape"),
      node("Expand", ["x", "shape"]),
    ],
    {},
    13,
    { initializers: [ints("three", [3])] },
  ),
  "a half by arithmetic": on(
    [2, 6],
    [
      node("Shape", ["x"], {}, "s"),
      node("Constant", [], { value_ints: [1] }, "at"),
      node("Gather", ["s", "at"], { axis: 0 }, "n"),
      node("Constant", [], { value_ints: [2] }, "two"),
      node("Div", ["n", "two"], {}, "half"),
      node("Slice", ["x", "half", "n", "at"]),
    ],
    {},
    13,
  ),
  "a resize to computed sizes": on(
    [2, 3, 4, 6],
    [
      node("Shape", ["x"], {}, "s"),
      node("Constant", [], { value_ints: [0] }, "start"),
      node("Constant", [], { value_ints: [2] }, "end"),
      node("Slice", ["s", "start", "end"], {}, "kept"),
      node("Constant", [], { value_ints: [8, 12] }, "sizes"),
      node("Concat", ["kept", "sizes"], { axis: 0 }, "all"),
      node("Resize", ["x", "", "", "all"], {
        mode: "nearest",
        coordinate_transformation_mode: "asymmetric",
        nearest_mode: "floor",
      }),
    ],
    {},
    13,
  ),
};
