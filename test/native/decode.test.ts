/** ONNX files as others write them: they run to the same numbers after Isthmus has read and written them. */
import { describe, expect, test } from "vitest";
import { sizeOf, type Tensor, tensor } from "../../src/ir/tensor.ts";
import { decode } from "../../src/onnx/decode.ts";
import { encode } from "../../src/onnx/encode.ts";
import { type NodeProto, onnx, type TensorProto } from "../../src/onnx/proto.ts";
import { infer } from "../support/bare.ts";
import { type Foreign, foreign, node, port, toEnd, weight } from "../support/foreign.ts";

const x = port("x", [2, 6]);
const image = port("x", [1, 2, 5, 5]);
const shape = weight("shape", [2], "int64", [3, 4]);

/** A Constant node of a tensor. */
const constant = (name: string, t: TensorProto): NodeProto => ({
  ...node("Constant", [], {}, name),
  attribute: [{ name: "value", type: onnx.AttributeProto.AttributeType.TENSOR, t }],
});

/** Models that say the same in words that we don't use. */
const accepted: Readonly<Record<string, Foreign>> = {
  "a shape as an initializer": {
    inputs: [x],
    nodes: [node("Reshape", ["x", "shape"])],
    initializers: [shape],
  },
  "initializers that are inputs too, as before IR 4": {
    inputs: [x, port("shape", [2], "int64")],
    nodes: [node("Reshape", ["x", "shape"])],
    initializers: [shape],
  },
  "a shape in typed data": {
    inputs: [x],
    nodes: [node("Reshape", ["x", "shape"])],
    initializers: [{ name: "shape", dims: [2], dataType: 7, int64Data: [-1, 3] }],
  },
  "a shape from a Constant of ints": {
    inputs: [x],
    nodes: [node("Constant", [], { value_ints: [4, 3] }, "shape"), node("Reshape", ["x", "shape"])],
  },
  "weights in typed data": {
    inputs: [x],
    nodes: [node("Add", ["x", "w"])],
    initializers: [{ name: "w", dims: [6], dataType: 1, floatData: [1, 2, 3, 4, 5, 6.5] }],
  },
  "axes as an initializer, in opset 13": {
    inputs: [x],
    nodes: [node("ReduceSum", ["x", "axes"], { keepdims: 0 })],
    initializers: [weight("axes", [1], "int64", [-1])],
    opset: 13,
  },
  "reductions over everything": {
    inputs: [x],
    nodes: [node("ReduceSum", ["x"], {}, "s"), node("ReduceMean", ["x"], {}, "m"), node("Add", ["s", "m"])],
  },
  "Squeeze without axes": { inputs: [port("x", [1, 6, 1])], nodes: [node("Squeeze", ["x"])] },
  "Max of three and Min of one": {
    inputs: [x, port("b", [6]), port("c", [2, 1])],
    nodes: [node("Max", ["x", "b", "c"], {}, "m"), node("Min", ["m"])],
  },
  "Transpose without perm": { inputs: [x], nodes: [node("Transpose", ["x"])] },
  "Softmax without axis": { inputs: [x], nodes: [node("Softmax", ["x"])] },
  "LeakyRelu and Elu without alpha": {
    inputs: [x],
    nodes: [node("LeakyRelu", ["x"], {}, "h"), node("Elu", ["h"])],
  },
  "Gemm without a bias": {
    inputs: [x],
    nodes: [node("Gemm", ["x", "w"])],
    initializers: [weight("w", [6, 1], "float32", [1, 2, 3, 4, 5, 6])],
  },
  "Clip with one bound": {
    inputs: [x],
    nodes: [node("Clip", ["x", "", "high"])],
    initializers: [weight("high", [], "float32", [0.25])],
  },
  "Conv, MaxPool and ConvTranspose without attributes": {
    inputs: [image],
    nodes: [
      node("Conv", ["x", "w"], {}, "c"),
      node("MaxPool", ["c"], { kernel_shape: [2, 2] }, "p"),
      node("ConvTranspose", ["p", "w"]),
    ],
    initializers: [
      weight("w", [2, 2, 2, 2], "float32", [1, 2, 3, 4, -1, 0, 1, 2, 2, -2, 2, -2, 0.5, 1, 0, 0]),
    ],
  },
  "attributes that say what is so anyway": {
    inputs: [image],
    nodes: [
      node("MaxPool", ["x"], { kernel_shape: [2, 2], auto_pad: "NOTSET", ceil_mode: 0, storage_order: 0 }),
    ],
  },
  "Slice without axes and steps": {
    inputs: [x],
    nodes: [node("Slice", ["x", "starts", "ends"])],
    initializers: [
      weight("starts", [2], "int64", [0, 1]),
      weight("ends", [2], "int64", [1, Number.MAX_SAFE_INTEGER]),
    ],
  },
  "Slice to the end, as PyTorch says it": {
    inputs: [x],
    nodes: [
      node("Constant", [], { value_ints: [1, 2] }, "starts"),
      node("Constant", [], { value_ints: [toEnd, toEnd] }, "ends"),
      node("Slice", ["x", "starts", "ends"]),
    ],
  },
  "Slice to the end, of an initializer": {
    inputs: [x],
    nodes: [node("Slice", ["x", "starts", "ends", "axes"])],
    initializers: [
      ...[weight("starts", [1], "int64", [2]), weight("axes", [1], "int64", [1])],
      { name: "ends", dims: [1], dataType: 7, int64Data: [toEnd] },
    ],
  },
  "a row of indices": {
    inputs: [x],
    nodes: [
      node("Constant", [], { value_ints: [4, 0, 2] }, "list"),
      node("Constant", [], { value_ints: [0] }, "first"),
      node("Unsqueeze", ["list", "first"], {}, "row"),
      node("GatherElements", ["x", "row"], { axis: 1 }),
    ],
  },
  "a table of indices from two": {
    inputs: [x],
    nodes: [
      node("Concat", ["table", "other"], { axis: 1 }, "wide"),
      node("Transpose", ["wide"], { perm: [0, 1] }, "same"),
      node("GatherElements", ["x", "same"], { axis: 1 }),
    ],
    initializers: [
      weight("table", [2, 2], "int64", [0, 1, 1, 0]),
      weight("other", [2, 2], "int64", [1, 1, 0, 0]),
    ],
  },
  "indices of which a corner is taken": {
    inputs: [x],
    nodes: [
      node("Slice", ["table", "from", "to"], {}, "corner"),
      node("GatherElements", ["x", "corner"], { axis: 1 }),
    ],
    initializers: [
      weight("table", [3, 2], "int64", [0, 5, 1, 4, 2, 3]),
      weight("from", [2], "int64", [1, 1]),
      weight("to", [2], "int64", [3, 2]),
    ],
  },
  "matrices of constants, one beside the other": {
    inputs: [x],
    nodes: [
      constant("a", weight("a", [2, 3], "float32", [1, 2, 3, 4, 5, 6])),
      constant("b", weight("b", [2, 3], "float32", [6, 5, 4, 3, 2, 1])),
      node("Concat", ["a", "b"], { axis: 1 }, "ab"),
      node("Add", ["x", "ab"]),
    ],
  },
  "Pad with a zero": {
    inputs: [x],
    nodes: [node("Pad", ["x", "pads", "zero"], { mode: "constant" })],
    initializers: [weight("pads", [4], "int64", [0, 1, 0, 2]), weight("zero", [], "float32", [0])],
  },
  "nodes without names": {
    inputs: [x],
    nodes: [
      { opType: "Relu", input: ["x"], output: ["h"] },
      { opType: "Relu", input: ["h"], output: ["y"] },
    ],
  },
  "an output that is an input": { inputs: [x], nodes: [node("Relu", ["x"], {}, "h")], outputs: ["x"] },
};

/** An input's numbers: −1.5, −1.25, …. */
function counting(_: string, shape: readonly (number | string)[]): Tensor {
  const sizes = shape.map(Number);
  return tensor(
    "float32",
    sizes,
    Float32Array.from({ length: sizeOf(sizes) }, (_, i) => i / 4 - 1.5),
  );
}

describe("a file from elsewhere runs to the same numbers after it was read and written", () => {
  test.each(Object.entries(accepted))("%s", async (_, parts) => {
    const bytes = foreign(parts);
    expect(await infer(encode(decode(bytes)), counting)).toEqual(await infer(bytes, counting));
  });
});
