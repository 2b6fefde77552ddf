/** Graphs with smaller weights against the same graphs in float64: errors stay within what rounding allows. */
import { describe, expect, test } from "vitest";
import { Random } from "../../src/data/random.ts";
import { fromHalf } from "../../src/ir/float16.ts";
import { bind, type Graph, graph, graphNodes } from "../../src/ir/graph.ts";
import { sizeOf, type Tensor, type Tensors, tensor } from "../../src/ir/tensor.ts";
import { constant, input, type Value } from "../../src/ir/value.ts";
import { decode } from "../../src/onnx/decode.ts";
import { encode } from "../../src/onnx/encode.ts";
import { add, conv, convTranspose, gather, gemm, matMul, mul, relu } from "../../src/ops/index.ts";
import { halve } from "../../src/passes/halve.ts";
import { quantise, type Ranges, rangesOf } from "../../src/passes/quantise.ts";
import { type HostTensor, run } from "../support/interpreter/interpreter.ts";
import { smallerFiles } from "../support/smaller.ts";

type Floats = Value<"float32">;
type Sizes = readonly number[];

function drawn(name: string, shape: Sizes, scale = 1): Tensor<"float32"> {
  const random = new Random(9, name);
  return tensor(
    "float32",
    shape,
    Float32Array.from({ length: sizeOf(shape) }, () => scale * random.normal()),
  );
}

/** A graph of one input `x` and one output `y`, its weights drawn unless given. */
function layered(
  shape: Sizes,
  shapes: Readonly<Record<string, Sizes>>,
  build: (x: Floats, weights: Readonly<Record<string, Floats>>) => Value,
  given: Tensors = {},
): Graph {
  const x = input("x", "float32", ["batch", ...shape.slice(1)]);
  const names = Object.keys(shapes);
  const values = Object.fromEntries(names.map((name) => [name, input(name, "float32", shapes[name]!)]));
  const weights = Object.fromEntries(names.map((name) => [name, given[name] ?? drawn(name, shapes[name]!)]));
  return bind(graph("layered", { x, ...values }, { y: build(x, values) }), weights);
}

const of = (given: Graph, x: Tensor): HostTensor => run(given, { x }).y!;
const operators = (given: Graph) => graphNodes(given).map(({ op }) => op);

/** The ranges that a graph's layers see of `x`. */
function rangesIn(given: Graph, x: Tensor): Ranges {
  const ends = run(rangesOf(given), { x });
  const names = Object.keys(ends).flatMap((end) => (end.endsWith(".low") ? [end.slice(0, -4)] : []));
  return Object.fromEntries(
    names.map((name) => [name, [ends[`${name}.low`]!.data[0]!, ends[`${name}.high`]!.data[0]!]]),
  );
}

const magnitudes = (of: Tensor<"float32">) => ({ ...of, data: of.data.map(Math.abs) });
const scaled = (of: Tensor<"float32">, by: number) => ({ ...of, data: of.data.map((value) => value * by) });
const plus = (of: Tensor<"float32">, by: number) => ({ ...of, data: of.data.map((value) => value + by) });

/** Layers that integers can make, as functions of any weights, and the axis of the channels. */
const layers: Readonly<
  Record<
    string,
    {
      x: Sizes;
      w: Sizes;
      axis: number;
      build: (x: Floats, w: Floats, b?: Floats) => Value;
      takesBias: boolean;
    }
  >
> = {
  "Gemm, as our dense layers": {
    x: [5, 12],
    w: [7, 12],
    axis: 0,
    build: (x, w, b) => gemm(x, w, b, { transB: true }),
    takesBias: true,
  },
  Gemm: { x: [5, 12], w: [12, 7], axis: 1, build: (x, w, b) => gemm(x, w, b), takesBias: true },
  MatMul: { x: [5, 12], w: [12, 7], axis: 1, build: (x, w) => matMul(x, w), takesBias: false },
  "MatMul of matrices": {
    x: [2, 3, 12],
    w: [12, 7],
    axis: 1,
    build: (x, w) => matMul(x, w),
    takesBias: false,
  },
  Conv: {
    x: [3, 2, 6, 5],
    w: [4, 2, 3, 3],
    axis: 0,
    build: (x, w, b) => conv(x, w, b, { strides: 2, pads: 1 }),
    takesBias: true,
  },
  ConvTranspose: {
    x: [3, 2, 3, 4],
    w: [2, 4, 3, 3],
    axis: 1,
    build: (x, w, b) => convTranspose(x, w, b, { strides: 2, pads: 1 }),
    takesBias: true,
  },
};

describe.each(Object.entries(layers))("int8: %s", (name, { x: shape, w, axis, build, takesBias }) => {
  const channels = w[axis]!;
  const shapes = takesBias ? { w, b: [channels] } : { w };
  const given = layered(shape, shapes, (x, { w, b }) => build(x, w!, b));
  const x = drawn("x", shape);
  const weights = given.weights as { w: Tensor<"float32">; b?: Tensor<"float32"> };
  const exact = of(given, x);
  const [low, high] = [Math.min(0, ...x.data), Math.max(0, ...x.data)];
  const step = (high - low) / 255;
  const dynamic = quantise(given);
  const fixed = quantise(given, rangesIn(given, x));

  const stride = sizeOf(w.slice(axis + 1));
  const channelOf = (i: number) => Math.floor(i / stride) % channels;

  test("weights are within half a step of their channel's largest magnitude / 127", () => {
    for (const quantised of [dynamic, fixed]) {
      const { data } = quantised.weights.w as Tensor<"uint8">;
      const { data: scale } = quantised.weights["w.scale"] as Tensor<"float32">;
      const largest = new Float64Array(channels);
      for (const [i, value] of weights.w.data.entries())
        largest[channelOf(i)] = Math.max(largest[channelOf(i)]!, Math.abs(value));
      expect([...scale]).toEqual([...largest].map((most) => Math.fround(most / 127)));
      for (const [i, value] of weights.w.data.entries()) {
        const half = scale[channelOf(i)]! / 2;
        expect(Math.abs((data[i]! - 128) * scale[channelOf(i)]! - value)).toBeLessThanOrEqual(
          half * (1 + 1e-5),
        );
      }
    }
  });

  test("the output is within what rounding inputs and weights allows", () => {
    // |ŵx̂ − wx| ≤ |x|·|ŵ − w| + (|w| + |ŵ − w|)·|x̂ − x|: a layer of magnitudes and of the largest errors. An input is off by
    // half a step, by one at the ends of its range; a weight by half of its channel's; a bias by half a product of both.
    const scale = (fixed.weights["w.scale"] as Tensor<"float32">).data;
    const off: Tensor<"float32"> = {
      ...weights.w,
      data: weights.w.data.map((_, i) => scale[channelOf(i)]! / 2),
    };
    const layer = (inputs: Tensor, by: Tensor) =>
      of(
        layered(shape, { w }, (x, { w }) => build(x, w!), { w: by }),
        inputs,
      ).data;
    const byWeights = layer(magnitudes(x), off);
    const larger = { ...off, data: off.data.map((value, i) => value + Math.abs(weights.w.data[i]!)) };
    const byInputs = layer(plus(scaled(x, 0), step), larger);
    for (const quantised of [dynamic, fixed]) {
      const actual = of(quantised, x);
      expect(actual.shape).toEqual(exact.shape);
      let isExact = true;
      for (const [i, value] of exact.data.entries()) {
        const most = byWeights[i]! + byInputs[i]! + step * Math.max(...scale);
        expect(Math.abs(actual.data[i]! - value)).toBeLessThanOrEqual(most);
        isExact &&= actual.data[i] === value;
      }
      expect(isExact).toBe(false);
    }
  });

  test("its operators are those that runtimes have", () => {
    const operator = name.split(/[ ,]/)[0]!;
    const weights = ["Cast", "Sub", "Reshape", "Mul"];
    if (operator.startsWith("Conv")) expect(operators(dynamic)).toEqual([...weights, operator]);
    else expect(operators(dynamic)).toContain("MatMulInteger");
    const bias = takesBias ? ["DequantizeLinear"] : [];
    const product = name === "MatMul" ? "Gemm" : operator;
    const inputs = ["QuantizeLinear", "DequantizeLinear"];
    expect(operators(fixed)).toEqual([...inputs, "DequantizeLinear", ...bias, product]);
  });
});

describe("int8", () => {
  const dense = (given: Tensors) =>
    layered([2, 3], { w: [2, 3], b: [2] }, (x, { w, b }) => gemm(x, w!, b, { transB: true }), given);

  test("keeps a bias that its channel's weights are tiny beside", () => {
    const given = dense({
      w: tensor("float32", [2, 3], Float32Array.of(1e-12, -1e-13, 0, 0, 0, 0)),
      b: tensor("float32", [2], Float32Array.of(0.7, -3)),
    });
    const x = drawn("x", [2, 3]);
    for (const precision of [quantise(given), quantise(given, rangesIn(given, x))]) {
      const { data } = of(precision, x);
      for (const [i, value] of [0.7, -3, 0.7, -3].entries()) expect(data[i]).toBeCloseTo(value, 6);
    }
  });

  test("clips what lies outside of the range that it was given", () => {
    const identity = tensor("float32", [2, 3], Float32Array.of(1, 0, 0, 0, 1, 0));
    const given = dense({ w: identity, b: tensor("float32", [2], new Float32Array(2)) });
    const x = tensor("float32", [1, 3], Float32Array.of(5, -5, 0));
    expect(of(quantise(given, { w: [0, 2.55] }), x).data[0]).toBeCloseTo(2.55, 5);
    expect(of(quantise(given, { w: [0, 2.55] }), x).data[1]).toBeCloseTo(0, 5);
  });

  test("finds the ranges of what layers are fed with", () => {
    const given = layered([2, 3], { v: [2, 3], w: [4, 2] }, (x, { v, w }) =>
      gemm(relu(gemm(x, v!, undefined, { transB: true })), w!, undefined, { transB: true }),
    );
    const x = tensor("float32", [2, 3], Float32Array.of(-1, 0.5, 2, 0, 1, 0.25));
    const hidden = run(graph("hidden", given.inputs, { y: hiddenOf(given) }), { x, ...given.weights }).y!;
    expect(rangesIn(given, x)).toEqual({ v: [-1, 2], w: [0, Math.max(...hidden.data)] });
  });

  test("quantises once what several layers are fed with", () => {
    const given = layered([2, 3], { v: [2, 3], w: [2, 3] }, (x, { v, w }) =>
      add(gemm(x, v!, undefined, { transB: true }), gemm(x, w!, undefined, { transB: true })),
    );
    const once = (given: Graph, op: string) => operators(given).filter((other) => other === op).length;
    expect(once(quantise(given), "DynamicQuantizeLinear")).toBe(1);
    expect(once(quantise(given, { v: [-1, 1], w: [-1, 1] }), "QuantizeLinear")).toBe(1);
  });

  test("leaves weights that are read otherwise too, and products with factors of their own", () => {
    const codebook = layered([2, 3], { w: [3, 3] }, (x, { w }) =>
      mul(gemm(x, w!), gather(w!, constant(tensor("int64", [1], BigInt64Array.of(2n))))),
    );
    expect(() => quantise(codebook)).toThrow("layered: has no layer whose weights could be integers");
    const tied = layered([2, 3], { w: [2, 3] }, (x, { w }) =>
      gemm(gemm(x, w!, undefined, { transB: true }), w!),
    );
    expect(() => quantise(tied)).toThrow("layered: has no layer whose weights could be integers");
    const halved = layered([2, 3], { w: [3, 4] }, (x, { w }) => gemm(x, w!, undefined, { alpha: 0.5 }));
    expect(operators(quantise(halved))).toEqual(["Cast", "Sub", "Reshape", "Mul", "Gemm"]);
  });

  test("says what it can't do", () => {
    const w = tensor("float32", [2, 3], new Float32Array(6).fill(Number.NaN));
    expect(() => quantise(dense({ w }))).toThrow("w: has elements that are not finite");
    expect(() => quantise(dense({}), {})).toThrow("layered: the range of what w multiplies is not known");
  });
});

/** The value that the last layer of a graph is fed with. */
function hiddenOf({ outputs }: Graph): Value {
  const { producer } = outputs.y!;
  return producer.kind === "node" ? producer.inputs[0]! : outputs.y!;
}

describe("fp16", () => {
  const shapes = { w: [7, 12], b: [7] };
  const given = layered([5, 12], shapes, (x, { w, b }) => gemm(x, w!, b, { transB: true }));

  test("gives what the same graph gives of the nearest weights", () => {
    const small = halve(given);
    const nearest = Object.fromEntries(
      Object.entries(small.weights).map(([name, { shape, data }]) => [
        name,
        tensor("float32", shape, Float32Array.from(data as Uint16Array, fromHalf)),
      ]),
    );
    for (const [name, { data }] of Object.entries(given.weights)) {
      const [full, half] = [data as Float32Array, nearest[name]!.data as Float32Array];
      for (const [i, value] of full.entries())
        expect(Math.abs(half[i]! - value)).toBeLessThanOrEqual(
          Math.max(2 ** -11 * Math.abs(value), 2 ** -25),
        );
    }
    const x = drawn("x", [5, 12]);
    expect(of(small, x)).toEqual(of({ ...given, weights: nearest }, x));
  });

  test("says what it can't do", () => {
    const large = layered([2, 3], { w: [3] }, (x, { w }) => add(x, w!), {
      w: tensor("float32", [3], Float32Array.of(1, -70_000, 2)),
    });
    expect(() => halve(large)).toThrow("layered: w has elements past 65504, the largest float16");
    const bare = graph("bare", { x: input("x", "float32", [2]) }, {});
    expect(() => halve(bare)).toThrow("bare: has no float32 weights to store as float16");
  });
});

describe("the smaller files of every preset", () => {
  test.each(smallerFiles)("$title comes back the same bytes", ({ bytes }) => {
    expect(Buffer.compare(encode(decode(bytes)), bytes)).toBe(0);
  });

  test.each(smallerFiles)(
    "$title takes and gives what the float32 file does",
    ({ bytes, whole, precision }) => {
      const [small, full] = [decode(bytes), decode(whole)];
      const ports = ({ inputs, weights }: Graph) =>
        Object.entries(inputs).flatMap(([name, { dtype, shape }]) =>
          Object.hasOwn(weights, name) ? [] : [[name, dtype, shape]],
        );
      const results = ({ outputs }: Graph) =>
        Object.entries(outputs).map(([name, { dtype, shape }]) => [name, dtype, shape]);
      expect(ports(small)).toEqual(ports(full));
      expect(results(small)).toEqual(results(full));
      const { "isthmus.precision": said, ...others } = small.metadata;
      expect(others).toEqual(full.metadata);
      expect(said).toMatch(precision.kind === "fp16" ? /^fp16$/ : /^int8-(dynamic|static)$/);
    },
  );
});
