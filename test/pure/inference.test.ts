/** What shape inference refuses, and how it says so. */
import { runInThisContext } from "node:vm";
import { describe, expect, it } from "vitest";
import type { DType } from "../../src/ir/dtype.ts";
import { IsthmusError } from "../../src/ir/error.ts";
import { graph } from "../../src/ir/graph.ts";
import { within } from "../../src/ir/origin.ts";
import type { Shape } from "../../src/ir/shape.ts";
import { input, type Value } from "../../src/ir/value.ts";
import type { Window } from "../../src/ir/vocabulary.ts";
import { apply, applyOne } from "../../src/ops/apply.ts";
import * as ops from "../../src/ops/index.ts";

const f = (...shape: Shape) => input("f", "float32", shape);
const i64 = (...shape: Shape) => input("i64", "int64", shape);
const u8 = (...shape: Shape) => input("u8", "uint8", shape);
const bool = (...shape: Shape) => input("bool", "bool", shape);
/** A value whose dtype the compiler is not told, as one read from a file. */
const untyped = (dtype: DType, ...shape: Shape) => input("x", dtype, shape) as Value<never>;
const window = (kernel: number[], pads: number[]): Window => {
  const ones = kernel.map(() => 1);
  return { kernel_shape: kernel, strides: ones, dilations: ones, pads };
};

type Refusals = readonly (readonly [build: () => unknown, fact: string])[];

const refused: Readonly<Record<string, Refusals>> = {
  elementwise: [
    [() => ops.add(f(2, 3), f(2)), "Add: shapes do not broadcast: [2,3] and [2]"],
    [() => ops.mul(f("batch", 3), f(4, 3)), "Mul: shapes do not broadcast: [batch,3] and [4,3]"],
    [() => ops.sub(f(2), untyped("float64", 2)), "Sub: dtypes differ: float32 and float64"],
    [() => ops.div(untyped("bool", 2), untyped("bool", 2)), "Div: takes float32 or float64 or int8 or uint8"],
    [() => ops.and(bool(2), untyped("float32", 2)), "And: dtypes differ: bool and float32"],
    [() => ops.not(untyped("float32", 2)), "Not: takes bool, got float32"],
    [() => ops.exp(untyped("int64", 2)), "Exp: takes float32 or float64, got int64"],
    [() => ops.where(untyped("float32", 2), f(2), f(2)), "Where: takes bool, got float32"],
    [() => ops.where(bool(2), f(2), untyped("int64", 2)), "Where: dtypes differ: float32 and int64"],
    [() => ops.where(bool(4), f(2, 3), f()), "Where: shapes do not broadcast: [4] and [2,3]"],
    [() => ops.clip(f(2), untyped("float64"), 1), "Clip: dtypes differ: float32 and float64"],
    [() => ops.clip(f(2), f(1), undefined), "Clip: a bound must be a scalar, is [1]"],
    [() => ops.add(1, 2), "two numbers need no graph: at least one operand must be a Value"],
  ],
  activation: [
    [() => ops.relu(untyped("int32", 2)), "Relu: takes float32 or float64, got int32"],
    [() => ops.softmax(f(2, 3), 2), "Softmax: axis 2 is outside rank 2"],
    [() => ops.logSoftmax(f()), "LogSoftmax: axis -1 is outside rank 0"],
    [() => ops.softmax(untyped("bool", 2)), "Softmax: takes float32 or float64, got bool"],
  ],
  product: [
    [
      () => ops.matMul(f("batch", 784), f(400, 20)),
      "MatMul: inner dimensions differ: [batch,784] × [400,20]",
    ],
    [() => ops.matMul(f(2, 2, 3), f(4, 3, 2)), "MatMul: shapes do not broadcast: [2] and [4]"],
    [() => ops.matMul(f(), f(3, 2)), "MatMul: a needs at least 2 dimensions, has []"],
    [() => ops.matMul(f(2, 3), untyped("float64", 3, 2)), "MatMul: dtypes differ: float32 and float64"],
    [() => ops.gemm(f(2, 3, 4), f(4, 5)), "Gemm: takes two matrices, got [2,3,4] and [4,5]"],
    [
      () => ops.gemm(f(2, 3), f(3, 4), undefined, { transB: true }),
      "Gemm: inner dimensions differ: [2,3] × [4,3]",
    ],
    [() => ops.gemm(f(1, 3), f(3, 4), f(2, 4)), "Gemm: bias [2,4] is larger than the product [1,4]"],
    [() => ops.gemm(f(2, 3), f(3, 4), f(3)), "Gemm: shapes do not broadcast: [3] and [2,4]"],
    [() => ops.conv(f(2, 3), f(4, 3)), "Conv: input needs at least 3 dimensions, has [2,3]"],
    [
      () => ops.conv(f(1, 3, 8, 8), f(4, 2, 3, 3)),
      "Conv: weight [4,2,3,3] in 1 group(s) does not fit input [1,3,8,8]",
    ],
    [
      () => ops.conv(f(1, 4, 8, 8), f(3, 2, 3, 3), undefined, { group: 2 }),
      "3 output channels do not divide into 2",
    ],
    [() => ops.conv(f(1, 3, 8, 8), f(4, 3, 3, 3), f(3)), "Conv: bias [3] does not fit 4 channels"],
    [
      () => ops.conv(f(1, 1, 2, 8), f(1, 1, 3, 3)),
      "Conv: a kernel of [3,3] is larger than the padded [1,1,2,8]",
    ],
    [
      () => ops.conv(f(1, 1, 8, 8), f(1, 1, 3, 3), undefined, { strides: [2] }),
      "Conv: strides [2] does not fit the 2 spatial axes of [1,1,8,8]",
    ],
    [
      () => applyOne("Conv", [f(1, 1, 4), f(1, 1, 2), undefined], { ...window([3], [0, 0]), group: 1 }),
      "Conv: kernel_shape [3] is not that of the weight [1,1,2]",
    ],
    [() => ops.convTranspose(f(1, 3, 4, 4), f(2, 3, 3, 3)), "weight [2,3,3,3] does not fit input [1,3,4,4]"],
    [
      () => ops.convTranspose(f(1, 2, 4, "w"), f(2, 3, 3, 3)),
      "needs fixed spatial dimensions, has [1,2,4,w]",
    ],
    [
      () => ops.convTranspose(f(1, 2, 4), f(2, 3, 3), undefined, { strides: 2, outputPadding: [2] }),
      "ConvTranspose: output_padding [2] is not below strides [2] or dilations [1]",
    ],
    [
      () => ops.convTranspose(f(1, 2, 2), f(2, 3, 2), undefined, { pads: 2 }),
      "ConvTranspose: pads [2,2] crop all of the output",
    ],
    [
      () => ops.convTranspose(f(1, 2, 4, 4), f(2, 3, 3, 3), undefined, { pads: [1, 1] }),
      "ConvTranspose: pads [1,1] does not fit the 2 spatial axes of [1,2,4,4]",
    ],
    [() => ops.maxPool(f(1, 1, 4, 4), [2]), "MaxPool: kernel_shape [2] does not fit the 2 spatial axes"],
    [
      () => ops.maxPool(f(1, 1, 4), [2], { pads: 2 }),
      "MaxPool: pads [2,2] leave a kernel of [2] with nothing but",
    ],
    [() => ops.averagePool(f(1, 4), [2]), "AveragePool: input needs at least 3 dimensions, has [1,4]"],
    [() => ops.globalAveragePool(f(2, 3)), "GlobalAveragePool: input needs at least 3 dimensions, has [2,3]"],
  ],
  quantisation: [
    [
      () => ops.quantizeLinear(f(2, 3), f(2), u8()),
      "QuantizeLinear: scale [2] and zero point [] differ in shape",
    ],
    [
      () => ops.quantizeLinear(f(2, 3), f(), untyped("int32")),
      "QuantizeLinear: takes uint8 or int8, got int32",
    ],
    [
      () => ops.quantizeLinear(untyped("float64", 2), f(), u8()),
      "QuantizeLinear: takes float32, got float64",
    ],
    [
      () => ops.dequantizeLinear(u8(2, 3), f(3), undefined, 0),
      "DequantizeLinear: scale [3] does not fit axis 0 of [2,3]",
    ],
    [() => ops.dequantizeLinear(u8(2, 3), f(2), undefined, 2), "DequantizeLinear: axis 2 is outside rank 2"],
    [
      () => ops.dequantizeLinear(u8(2), f(), untyped("int8")),
      "DequantizeLinear: dtypes differ: uint8 and int8",
    ],
    [
      () => ops.dequantizeLinear(untyped("int64", 2), f()),
      "DequantizeLinear: takes uint8 or int8 or int32, got int64",
    ],
    [() => ops.dynamicQuantizeLinear(untyped("int64", 2)), "DynamicQuantizeLinear: takes float32, got int64"],
    [
      () => ops.matMulInteger(u8(2, 3), u8(2, 3), u8(), u8()),
      "MatMulInteger: inner dimensions differ: [2,3] × [2,3]",
    ],
    [
      () => ops.matMulInteger(u8(2, 3), u8(3, 2), u8(), u8(2)),
      "MatMulInteger: a zero point must be a scalar, is [2]",
    ],
    [
      () => ops.matMulInteger(u8(2, 3), untyped("float32", 3, 2), u8(), u8()),
      "MatMulInteger: takes uint8 or int8, got float32",
    ],
    [() => ops.relu(untyped("float16", 2)), "Relu: takes float32 or float64, got float16"],
  ],
  movement: [
    [() => ops.reshape(f(2, 3), [4, 2]), "Reshape: [2,3] does not fill [4,2]"],
    [() => ops.reshape(f(2, 3), [4, -1]), "Reshape: [2,3] does not fill [4,-1]"],
    [() => ops.reshape(f("batch", 3), [2, 3]), "Reshape: [batch,3] does not fill [2,3]"],
    [() => ops.reshape(f(2, 3), [-1, -1]), "Reshape: more than one −1 in [-1,-1]"],
    [() => ops.reshape(f(2, 3), [-2]), "Reshape: dimension -2 in [-2]"],
    [() => ops.reshape(f(6), [1, 0]), "Reshape: no dimension 1 to copy in [6]"],
    [() => ops.transpose(f(2, 3), [0]), "Transpose: perm [0] does not fit [2,3]"],
    [() => ops.transpose(f(2, 3), [0, 0]), "Transpose: axes [0,0] name one axis twice"],
    [() => ops.transpose(f(2, 3), [0, 2]), "Transpose: axis 2 is outside rank 2"],
    [() => ops.concat([f(2, 3), f(2, 4)], 0), "Concat: shapes differ beside axis 0: [2,3] and [2,4]"],
    [() => ops.concat([f(2, 3), f(2)], 0), "Concat: shapes differ beside axis 0: [2,3] and [2]"],
    [() => ops.concat([f(2), untyped("int64", 2)], 0), "Concat: dtypes differ: float32 and int64"],
    [() => ops.concat([], 0), "Concat: has no input"],
    [() => ops.concat([f("batch", 3), f(2, 3)], 0), "Concat: axis 0 is batch"],
    [() => ops.slice(f(2, 3), 2, 0, 1), "Slice: axis 2 is outside rank 2"],
    [() => ops.slice(f("batch", 3), 0, 0, 1), "Slice: axis 0 of [batch,3] has no fixed size"],
    [() => ops.slice(f(2, 3), 1, 0, 1, 0), "Slice: a step is 0"],
    [
      () => applyOne("Slice", [f(2, 3)], { starts: [0], ends: [1], axes: [0, 1], steps: [1] }),
      "Slice: starts, ends, axes and steps differ in length",
    ],
    [() => ops.expand(f(2, 3), [4, 2, 2]), "Expand: shapes do not broadcast: [2,3] and [4,2,2]"],
    [() => ops.pad(f(2, 3), [1, 1]), "Pad: pads [1,1] do not fit [2,3]"],
    [() => ops.pad(f(2, 3), [-2, 0, -1, 0]), "Pad: pads [-2,0,-1,0] crop more than [2,3] has"],
    [() => ops.pad(f("batch", 3), [1, 0, 0, 0]), "Pad: axis 0 of [batch,3] has no fixed size"],
    [() => ops.squeeze(f(1, 2), [1]), "Squeeze: axis 1 of [1,2] is not 1"],
    [() => ops.squeeze(f(1, 2), []), "Squeeze: axes is empty, which ONNX reads as all axes of size 1"],
    [() => ops.unsqueeze(f(2), [2]), "Unsqueeze: axis 2 is outside rank 2"],
    [() => ops.unsqueeze(f(2), [0, -3]), "Unsqueeze: axes [0,-3] name one axis twice"],
  ],
  selection: [
    [() => ops.reduceSum(f(2, 3), [2]), "ReduceSum: axis 2 is outside rank 2"],
    [() => ops.reduceMean(f(2, 3), [1, -1]), "ReduceMean: axes [1,-1] name one axis twice"],
    [
      () => applyOne("ReduceMax", [f(2, 3)], { axes: [], keepdims: 0 }),
      "ReduceMax: axes is empty, which ONNX reads as all axes",
    ],
    [() => ops.argMax(f(2, 3), 1.5), "ArgMax: axis 1.5 is outside rank 2"],
    [() => ops.topK(f(2, 3), 4), "TopK: k 4 is larger than axis 1 of [2,3]"],
    [() => ops.gather(f(2, 3), i64(4), 2), "Gather: axis 2 is outside rank 2"],
    [() => ops.gather(f(2, 3), untyped("float32", 4)), "Gather: takes int32 or int64, got float32"],
    [() => ops.gatherElements(f(2, 3), i64(2), 0), "GatherElements: ranks differ: [2,3] and [2]"],
    [() => ops.scatterElements(f(2, 3), i64(2), f(2), 0), "ScatterElements: ranks differ: [2,3] and [2]"],
    [
      () => ops.scatterElements(f(2, 3), i64(1, 3), f(2, 3), 0),
      "ScatterElements: indices [1,3] and updates [2,3] differ",
    ],
    [
      () => ops.scatterElements(f(3), i64(1), untyped("int64", 1), 0),
      "ScatterElements: dtypes differ: float32 and int64",
    ],
  ],
  loop: [
    [() => loop({ y: f(2) }, { x: f(3, 3) }), "Add: shapes do not broadcast: [2] and [3]"],
    [
      () => loop({ y: f() }, { x: f(3, 2) }),
      "Scan: state y.next goes in as float32[] and comes out as float32[2]",
    ],
    [
      () =>
        ops.scan(
          "zip",
          { states: {}, sequences: { a: f(3), b: f(4) }, reads: {} },
          ({ sequences: { a, b } }) => ({
            states: {},
            stacks: { sum: ops.add(a, b) },
          }),
        ),
      "Scan: sequences differ in length: 3, 4",
    ],
    [
      () =>
        ops.scan("idle", { states: { y: f() }, sequences: {}, reads: {} }, ({ states }) => ({
          states,
          stacks: {},
        })),
      "Scan: idle walks no sequence",
    ],
    [
      () => apply("Scan", [f(2), f(3, 2), f(2)], { body: body(), states: 1, sequences: 1 }),
      "Scan: body sum takes 2 inputs, got 3",
    ],
    [
      () => apply("Scan", [f(2), f(3, 4)], { body: body(), states: 1, sequences: 1 }),
      "Scan: body input x is float32[2], got float32[4]",
    ],
  ],
};

/** What the functions themselves check, before there is an operator to apply. */
const refusedEarly: Refusals = [
  [() => ops.conv(f(1, 1, 8), f(1, 1, "k")), "Conv kernel: needs fixed dimensions, has [k]"],
  [() => ops.flatten(f("batch", 3, "width")), "flatten: needs fixed dimensions, has [3,width]"],
  [() => ops.swapAxes(f(2)), "swapAxes: axis -2 is outside rank 1"],
  [() => loop({ y: f(2) }, { x: f() }), "Scan: sequence x has no axis to walk"],
  [
    () =>
      ops.scan("sum", { states: { x: f(2) }, sequences: { x: f(3, 2) }, reads: {} }, ({ states }) => ({
        states,
        stacks: {},
      })),
    "Scan: sum names x twice",
  ],
];

/** y ← y + x */
function loop(states: { y: Value<"float32"> }, sequences: { x: Value<"float32"> }) {
  return ops.scan("sum", { states, sequences, reads: {} }, ({ states: { y }, sequences: { x } }) => ({
    states: { y: ops.add(y, x) },
    stacks: {},
  }));
}

/** The same as a graph of its own, for rows of 2. */
function body() {
  const [y, x] = [input("y", "float32", [2]), input("x", "float32", [2])];
  return graph("sum", { y, x }, { "y.next": ops.add(y, x) });
}

describe("what does not fit is refused, with the fact and the place", () => {
  for (const [family, list] of Object.entries(refused)) {
    describe(family, () => {
      for (const [build, fact] of list) {
        it(fact, () => {
          expect(build).toThrow(IsthmusError);
          expect(build).toThrow(fact);
          expect(build).toThrow(/\n {2}built at test\/pure\/inference\.test\.ts:\d+$/);
        });
      }
    });
  }

  describe("before an operator", () => {
    for (const [build, fact] of refusedEarly) {
      it(fact, () => expect(build).toThrow(expect.objectContaining({ name: "IsthmusError", message: fact })));
    }
  });

  it("names the line that asked", () => {
    const line = lineOf(new Error()) + 1;
    const build = () => ops.matMul(f("batch", 784), f(400, 20));
    const place = `test/pure/inference.test.ts:${line}`;
    expect(build).toThrow(`MatMul: inner dimensions differ: [batch,784] × [400,20]\n  built at ${place}`);
    expect(build).toThrow(expect.objectContaining({ place }));
  });

  it("names a line in folders called as the language's are, too", () => {
    const filename = "/home/ada/src/nn/layer.js";
    const build = runInThisContext("(build) => {\n  build();\n}", { filename }) as (
      build: () => void,
    ) => void;
    expect(() => build(ops.add.bind(undefined, f(2), f(3)))).toThrow(`built at ${filename}:2`);
  });

  it("names the line that a node stands in for", () => {
    const build = () => within("gradient", () => ops.add(f(2), f(3)), "graphs/models/vae.ts:31");
    expect(build).toThrow("Add: shapes do not broadcast: [2] and [3]\n  built at graphs/models/vae.ts:31");
  });
});

/** The line an error was made on. */
function lineOf({ stack }: Error): number {
  return Number(/inference\.test\.ts:(\d+):/.exec(stack ?? "")?.[1]);
}
