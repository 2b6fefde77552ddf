/** Models from elsewhere: what their graphs compute, what becomes a parameter, and what is refused. */
import { describe, expect, test } from "vitest";
import { describe as described, latentOf } from "../../graphs/families.ts";
import { type ImportOptions, importModel } from "../../graphs/import/import.ts";
import { decoderGraph, encoderGraph } from "../../graphs/inference.ts";
import { initialState } from "../../graphs/state.ts";
import { stepGraph } from "../../graphs/step.ts";
import { Random } from "../../src/data/random.ts";
import { IsthmusError } from "../../src/ir/error.ts";
import { graphNodes } from "../../src/ir/graph.ts";
import { filled, sizeOf } from "../../src/ir/tensor.ts";
import type { NodeProto } from "../../src/onnx/proto.ts";
import { type Foreign, foreign, node, port, toEnd, weight } from "../support/foreign.ts";
import { run } from "../support/interpreter/interpreter.ts";

const image = { channels: 2, height: 4, width: 3 };
const sgd = { kind: "sgd", momentum: 0, weightDecay: 0 } as const;

const values = (name: string, shape: readonly number[]) => {
  const random = new Random(3, name);
  return Array.from({ length: sizeOf(shape) }, () => random.normal());
};
const w = (name: string, ...shape: number[]) => weight(name, shape, "float32", values(name, shape));
const ints = (name: string, ...given: number[]) => weight(name, [given.length], "int64", given);
const named = (made: NodeProto, name: string): NodeProto => ({ ...made, name });

/** x → Flatten → Gemm → code */
const encoder = (x: readonly (number | string)[], more: Partial<Foreign> = {}) =>
  foreign({
    inputs: [port("x", x)],
    nodes: [
      node("Flatten", ["x"], {}, "flat"),
      node("Gemm", ["flat", "fc.weight", "fc.bias"], { transB: 1 }, "code"),
    ],
    initializers: [w("fc.weight", 5, 24), w("fc.bias", 5)],
    outputs: ["code"],
    ...more,
  });

/** z → Gemm → y, and what comes after it. */
const decoder = (...after: NodeProto[]) =>
  foreign({
    inputs: [port("z", ["n", 5])],
    nodes: [node("Gemm", ["z", "fc.weight"], {}, after.length > 0 ? "h" : "y"), ...after],
    initializers: [w("fc.weight", 5, 24)],
  });

/** The rows of fc.weight times flat pixels. */
function codesOf(pixels: readonly (readonly number[])[]): number[] {
  const [matrix, bias] = [values("fc.weight", [5, 24]), values("fc.bias", [5])];
  return pixels.flatMap((row) =>
    bias.map((b, i) =>
      row.reduce((sum, x, k) => sum + Math.fround(x) * Math.fround(matrix[i * 24 + k]!), Math.fround(b)),
    ),
  );
}

const pixels = values("pixels", [3, 24]);
const rows = [0, 1, 2].map((i) => pixels.slice(24 * i, 24 * (i + 1)));

function encoded(bytes: Uint8Array, options: Partial<ImportOptions> = {}) {
  const { model, parameters } = importModel(bytes, decoder(), { image, ...options });
  const graph = encoderGraph(model);
  return run(graph, { ...parameters, image: { shape: [3, 2, 4, 3], data: pixels } });
}

describe("an encoder sees images in its own layout", () => {
  test.each([
    ["channels first", ["n", 2, 4, 3]],
    ["flat", ["n", 24]],
    ["of names alone", ["n", "c", "h", "w"]],
    ["of a fixed batch", [7, 2, 4, 3]],
    ["of one image", [1, 2, 4, 3]],
    ["with an axis more", ["n", 1, 24]],
  ] as const)("%s", (_, shape) => {
    const { code } = encoded(encoder(shape));
    expect(code!.shape).toEqual([3, 5]);
    codesOf(rows).forEach((value, i) => void expect(code!.data[i]).toBeCloseTo(value, 4));
  });

  test("channels last", () => {
    const last = rows.map((row) =>
      Array.from({ length: 24 }, (_, i) => row[(i % 2) * 12 + Math.floor(i / 2)]!),
    );
    const { code } = encoded(encoder(["n", 4, 3, 2]));
    codesOf(last).forEach((value, i) => void expect(code!.data[i]).toBeCloseTo(value, 4));
  });

  test("with a constant batch in its reshapes", () => {
    const nodes = [
      node("Reshape", ["x", "shape"], {}, "flat"),
      node("Gemm", ["flat", "fc.weight", "fc.bias"], { transB: 1 }, "code"),
    ];
    const initializers = [w("fc.weight", 5, 24), w("fc.bias", 5), ints("shape", 7, 24)];
    const { code } = encoded(encoder([7, 2, 4, 3], { nodes, initializers }));
    codesOf(rows).forEach((value, i) => void expect(code!.data[i]).toBeCloseTo(value, 4));
  });
});

test("an encoder that slices to the end, as PyTorch says it, keeps what is there", () => {
  const bytes = encoder(["n", 24], {
    nodes: [
      node("Gemm", ["x", "fc.weight", "fc.bias"], { transB: 1 }, "h"),
      node("Constant", [], { value_ints: [3] }, "start"),
      node("Constant", [], { value_ints: [toEnd] }, "end"),
      node("Constant", [], { value_ints: [1] }, "axis"),
      node("Slice", ["h", "start", "end", "axis"], {}, "code"),
    ],
  });
  const narrow = foreign({
    inputs: [port("z", ["n", 2])],
    nodes: [node("MatMul", ["z", "w"])],
    initializers: [w("w", 2, 24)],
  });
  const { model, parameters } = importModel(bytes, narrow, { image });
  const { code } = run(encoderGraph(model), { ...parameters, image: { shape: [3, 2, 4, 3], data: pixels } });
  expect(code!.shape).toEqual([3, 2]);
  const kept = codesOf(rows).filter((_, i) => i % 5 >= 3);
  kept.forEach((value, i) => void expect(code!.data[i]).toBeCloseTo(value, 4));
});

test("a code of several axes is flat between the halves, and a decoder's channels come first", () => {
  const inner = foreign({
    inputs: [port("x", ["n", 2, 4, 3])],
    nodes: [node("MaxPool", ["x"], { kernel_shape: [2, 1], strides: [2, 1] }, "code")],
    outputs: ["code"],
  });
  const outer = foreign({
    inputs: [port("z", [1, 2, 2, 3])],
    nodes: [
      node("Resize", ["z", "", "scales"], {}, "big"),
      node("Transpose", ["big"], { perm: [0, 2, 3, 1] }),
    ],
    initializers: [weight("scales", [4], "float32", [1, 1, 2, 1])],
  });
  const { model, parameters } = importModel(inner, outer, { image });
  expect([latentOf(model), parameters]).toEqual([12, {}]);
  const { code } = run(encoderGraph(model), { image: { shape: [3, 2, 4, 3], data: pixels } });
  const { image: y } = run(decoderGraph(model), { latent: code! });
  expect(y!.shape).toEqual([3, 2, 4, 3]);
  const top = (i: number) => Math.max(pixels[i]!, pixels[i + 3]!);
  expect(y!.data.slice(0, 6)).toEqual([0, 1, 2, 0, 1, 2].map(top));
});

describe("parameters", () => {
  test("are float weights under their names; scalars, running statistics and sizes are not", () => {
    const bytes = foreign({
      inputs: [port("x", ["n", 2, 4, 3])],
      nodes: [
        node("BatchNormalization", ["x", "bn.weight", "bn.bias", "bn.mean", "bn.var"], {}, "h"),
        node("Mul", ["h", "half"], {}, "k"),
        node("Reshape", ["k", "shape"], {}, "flat"),
        node("MatMul", ["flat", "onnx::MatMul_7"], {}, "code"),
      ],
      initializers: [
        ...["bn.weight", "bn.bias", "bn.mean"].map((name) => w(name, 2)),
        weight("bn.var", [2], "float32", [1, 2]),
        weight("half", [], "float32", [0.5]),
        ints("shape", -1, 24),
        w("onnx::MatMul_7", 24, 5),
      ],
      outputs: ["code"],
    });
    const { parameters } = importModel(bytes, decoder(), { image });
    const names = ["encoder.bn.weight", "encoder.bn.bias", "encoder.onnx::MatMul_7", "decoder.fc.weight"];
    expect(Object.keys(parameters).sort()).toEqual(names.sort());
    expect(Array.from(parameters["encoder.bn.weight"]!.data as Float32Array)).toEqual(
      values("bn.weight", [2]).map(Math.fround),
    );
  });

  test("that one export merged are apart again where all elements are the same, and one where they are not", () => {
    const bytes = encoder(["n", 24], {
      nodes: [
        node("Identity", ["zeros"], {}, "b.bias"),
        node("Identity", ["a.weight"], {}, "b.weight"),
        node("Gemm", ["x", "a.weight", "zeros"], { transB: 1 }, "h"),
        node("Gemm", ["h", "b.weight", "b.bias"], { transB: 1 }, "code"),
      ],
      initializers: [
        w("a.weight", 24, 24),
        weight(
          "zeros",
          [24],
          "float32",
          Array.from({ length: 24 }, () => 0),
        ),
      ],
    });
    const whole = decoder();
    const options = { image, subjects: { model: "m", decoder: "d" } };
    expect(() => importModel(bytes, whole, options)).toThrow(
      "d: takes codes [n,5], the encoder gives 24 numbers an image",
    );
    const back = foreign({ inputs: [port("z", ["n", 24])], nodes: [node("Relu", ["z"])] });
    expect(Object.keys(importModel(bytes, back, options).parameters).sort()).toEqual(
      ["encoder.a.weight", "encoder.b.bias", "encoder.zeros"].sort(),
    );
  });

  test("keep names that say already which half they are of", () => {
    const bytes = encoder(["n", 24], {
      nodes: [node("MatMul", ["x", "encoder.0.weight"], {}, "code")],
      initializers: [w("encoder.0.weight", 24, 5)],
    });
    expect(Object.keys(importModel(bytes, decoder(), { image }).parameters)).toEqual([
      "encoder.0.weight",
      "decoder.fc.weight",
    ]);
  });

  test("are called otherwise where our own files mean something else", () => {
    const whole = foreign({
      inputs: [port("x", ["n", 24])],
      nodes: [node("MatMul", ["x", "latent"], {}, "narrow"), node("MatMul", ["narrow", "image"])],
      initializers: [w("latent", 24, 5), w("image", 5, 24)],
    });
    const { model, parameters } = importModel(whole, undefined, { image, code: "narrow" });
    expect(Object.keys(parameters)).toEqual(["model.latent", "model.image"]);
    expect(Object.keys(stepGraph(model, { batch: 1, optimizer: sgd }).outputs)).toContain("model.image.next");
  });

  test("begin as they are in the file, and only so", () => {
    const { model, parameters } = importModel(encoder(["n", 24]), decoder(), { image });
    const state = initialState(model, sgd, 1, parameters);
    expect(state).toEqual({ ...parameters, step: state.step });
    expect(() => initialState(model, sgd, 1)).toThrow(
      "encoder.fc.weight begins as in the file that it is from",
    );
    expect(() => initialState(model, sgd, 1, { other: state.step! })).toThrow(
      "train: the model has no parameter other",
    );
    const wrong = { ...parameters, "encoder.fc.bias": filled("float32", [6], 0) };
    expect(() => initialState(model, sgd, 1, wrong)).toThrow(
      "encoder.fc.bias is given as float32[6], the model has float32[5]",
    );
  });
});

/** x → mean and log-variance → z → y in one file, with a draw that we have no word for. */
const variational = foreign({
  inputs: [port("x", ["n", 24])],
  nodes: [
    node("MatMul", ["x", "a"], {}, "dense/z_mean:0"),
    node("MatMul", ["x", "b"], {}, "dense/z_log_var:0"),
    named(node("RandomNormalLike", ["dense/z_mean:0"], {}, "noise"), "draw"),
    node("Exp", ["dense/z_log_var:0"], {}, "variance"),
    node("Mul", ["noise", "variance"], {}, "scaled"),
    node("Add", ["dense/z_mean:0", "scaled"], {}, "z"),
    node("MatMul", ["z", "c"], {}, "logits"),
    node("Sigmoid", ["logits"]),
  ],
  initializers: [w("a", 24, 5), w("b", 24, 5), w("c", 5, 24)],
  outputs: ["y", "dense/z_mean:0", "dense/z_log_var:0"],
});

describe("the loss", () => {
  test("is the lower bound where there are a mean and a log-variance, found by name, the draw left out", () => {
    const { model, parameters } = importModel(variational, undefined, { image, code: "z" });
    expect(model).toMatchObject({
      family: "onnx",
      loss: "elbo",
      latent: 5,
      likelihood: { kind: "bernoulli" },
    });
    expect(Object.keys(encoderGraph(model).outputs)).toEqual(["mean", "log_variance"]);
    expect(Object.keys(parameters)).toEqual(["a", "b", "c"]);
    const ops = graphNodes(stepGraph(model, { batch: 2, optimizer: sgd })).map(({ op }) => op);
    expect(ops).toContain("Exp");
  });

  test("is one image's sum of squares, Bernoulli loss from the logits, or Gaussian", () => {
    const sigmoid = decoder(node("Sigmoid", ["h"]));
    const batch = [...pixels.slice(0, 24)].map((x) => 1 / (1 + Math.exp(-x)));
    type Results = Record<"loss" | "reconstruction" | "kl", { data: readonly number[] }>;
    const lossOf = (options: Partial<ImportOptions>, bytes: Uint8Array = encoder(["n", 24])) => {
      const { model, parameters } = importModel(bytes, options.code === undefined ? sigmoid : undefined, {
        image,
        ...options,
      });
      const state = initialState(model, sgd, 1, parameters);
      const feeds = {
        learning_rate: filled("float32", [], 0),
        kl_weight: filled("float32", [], 1),
        noise: filled("float32", [1, 5], 0),
      };
      const graph = stepGraph(model, { batch: 1, optimizer: sgd });
      const results = run(graph, { ...state, ...feeds, image: { shape: [1, 2, 4, 3], data: batch } });
      const again = run(decoderGraph(model), {
        ...parameters,
        latent: run(encoderGraph(model), { ...parameters, image: { shape: [1, 2, 4, 3], data: batch } })[
          options.code === undefined ? "code" : "mean"
        ]!,
      });
      return { ...(results as unknown as Results), y: again.image!.data };
    };
    const sum = (y: readonly number[], term: (y: number, x: number) => number) =>
      y.reduce((total, value, i) => total + term(value, batch[i]!), 0);
    const bernoulli = (y: number, x: number) => -(x * Math.log(y) + (1 - x) * Math.log(1 - y));
    const mse = lossOf({});
    expect(mse.loss.data[0]).toBeCloseTo(
      sum(mse.y, (y, x) => (y - x) ** 2),
      3,
    );
    expect(mse.kl.data[0]).toBe(0);
    const cross = lossOf({ loss: "bernoulli" });
    expect(cross.loss.data[0]! / sum(cross.y, bernoulli)).toBeCloseTo(1, 3);
    const bound = lossOf({ code: "z" }, variational);
    expect(bound.reconstruction.data[0]! / sum(bound.y, bernoulli)).toBeCloseTo(1, 3);
    const gaussian = lossOf({ code: "z", likelihood: { kind: "gaussian", variance: 0.5 } }, variational);
    const normal = (y: number, x: number) => (y - x) ** 2 + 0.5 * Math.log(Math.PI);
    expect(gaussian.reconstruction.data[0]).toBeCloseTo(sum(gaussian.y, normal), 3);
    expect(gaussian.kl.data[0]).toBeCloseTo(bound.kl.data[0]!, 3);
  });

  test("takes the logits of pixels that are cropped, or put together of parts", () => {
    const opsOf = (...after: NodeProto[]) => {
      const bytes = foreign({
        inputs: [port("z", ["n", 5])],
        nodes: [node("Gemm", ["z", "wide"], {}, "h"), ...after],
        initializers: [
          w("wide", 5, 30),
          ints("start", 2),
          ints("end", 26),
          ints("axis", 1),
          ints("half", 14),
        ],
      });
      const { model } = importModel(encoder(["n", 24]), bytes, { image, loss: "bernoulli" });
      return graphNodes(decoderGraph(model)).map(({ op }) => op);
    };
    const crop = node("Slice", ["p", "start", "end", "axis"]);
    expect(opsOf(node("Sigmoid", ["h"], {}, "p"), crop)).toEqual(["Gemm", "Slice", "Sigmoid", "Reshape"]);
    const half = (name: string, from: string, to: string) => [
      node("Slice", ["h", from, to, "axis"], {}, `${name}h`),
      node("Sigmoid", [`${name}h`], {}, name),
    ];
    const parts = [...half("a", "start", "half"), ...half("b", "half", "end")];
    const joined = opsOf(...parts, node("Concat", ["a", "b"], { axis: 1 }));
    expect(joined.filter((op) => op === "Sigmoid")).toHaveLength(1);
    expect(() => opsOf(node("Tanh", ["h"], {}, "p"), crop)).toThrow("decoder: ends in Tanh");
  });

  test("can be of a tensor inside of the file", () => {
    const { model } = importModel(both, undefined, { image, code: "narrow", reconstruction: "wide" });
    expect(model).toMatchObject({ loss: "mse", latent: 5 });
    expect(graphNodes(decoderGraph(model)).map(({ op }) => op)).toEqual(["MatMul", "Reshape"]);
  });
});

test("a description is data, from which the same graphs are built again", () => {
  const { model } = importModel(variational, undefined, { image, code: "z" });
  expect(described(JSON.parse(JSON.stringify(model)))).toEqual(model);
});

const e = encoder(["n", 24]);
const twice = encoder(["n", 24], { outputs: ["code", "flat"] });
const both = foreign({
  inputs: [port("x", ["n", 24])],
  nodes: [
    node("MatMul", ["x", "a"], {}, "narrow"),
    node("MatMul", ["narrow", "c"], {}, "wide"),
    node("Add", ["wide", "x"]),
  ],
  initializers: [w("a", 24, 5), w("c", 5, 24)],
});
const straight = foreign({
  inputs: [port("x", ["n", 24])],
  nodes: [node("MatMul", ["x", "a"], {}, "narrow"), node("MatMul", ["narrow", "c"])],
  initializers: [w("a", 24, 5), w("c", 5, 24)],
});
const fails = named(node("Einsum", ["h"], { equation: "ab->ba" }), "mix");

/** Files and what was said of them, each with the one line that it comes to. */
const refused: Readonly<
  Record<string, readonly [Uint8Array, Uint8Array | undefined, Partial<ImportOptions>, string]>
> = {
  "no model": [Buffer.from("?"), decoder(), {}, "m.onnx: not an ONNX model, or a damaged one"],
  "an unknown operator": [e, decoder(fails), {}, "d.onnx: unknown operator Einsum (node mix)"],
  "an attribute beyond us": [
    e,
    decoder(named(node("Resize", ["h"], { mode: "cubic" }), "up")),
    {},
    "d.onnx: Resize (node up): has neither scales nor sizes that fit its input",
  ],
  "a dropout in training": [
    encoder(["n", 24], {
      nodes: [named(node("Dropout", ["x", "", "yes"], {}, "code"), "drop")],
      initializers: [weight("yes", [], "bool", [1])],
    }),
    decoder(),
    {},
    "m.onnx: Dropout (node drop): is in training mode, which is not supported: export the model in evaluation mode",
  ],
  "images of another size": [
    encoder(["n", 1, 28, 28]),
    decoder(),
    {},
    "m.onnx: x is [n,1,28,28], which holds no images of 2×4×3",
  ],
  "two inputs": [
    foreign({ inputs: [port("x", ["n", 24]), port("c", ["n", 10])], nodes: [node("Relu", ["x"])] }),
    decoder(),
    {},
    "m.onnx: takes x, c; a model with one input was expected",
  ],
  "codes of another size": [
    e,
    straight,
    {},
    "d.onnx: takes codes [n,24], the encoder gives 5 numbers an image",
  ],
  "an encoder alone": [
    e,
    undefined,
    {},
    "m.onnx: gives code [batch,5], which is no image: give its decoder as well (--decoder)",
  ],
  "a whole autoencoder": [
    straight,
    undefined,
    {},
    "m.onnx: is a whole autoencoder: name the tensor that is its code (--code); the narrowest is narrow [batch,5]",
  ],
  "a way round the code": [
    both,
    undefined,
    { code: "narrow" },
    "m.onnx: narrow is not all that its images are made of: they depend on x by another way",
  ],
  "several outputs": [
    twice,
    decoder(),
    { loss: "elbo" },
    "m.onnx: which tensor is the mean? Name it by --mean; its outputs are code, flat",
  ],
  "no tensor of that name": [
    e,
    decoder(),
    { loss: "elbo", mean: "mu" },
    "m.onnx: makes no tensor mu; its outputs are code",
  ],
  "no log-variance": [
    e,
    decoder(),
    { loss: "elbo", mean: "code" },
    "m.onnx: which tensor is the log-variance? Name it by --log-variance; its outputs are code",
  ],
  "pixels without logits": [
    e,
    decoder(node("Tanh", ["h"])),
    { loss: "bernoulli" },
    "d.onnx: ends in Tanh; Bernoulli pixels take a Sigmoid at the end, or the logits before it",
  ],
  "no pixels": [
    e,
    foreign({ inputs: [port("z", ["n", 5])], nodes: [node("Relu", ["z"])] }),
    {},
    "d.onnx: y is [batch,5], which holds no images of 2×4×3",
  ],
  "a variance to be learned": [
    variational,
    undefined,
    { code: "z", likelihood: { kind: "gaussian" } as never },
    "model: likelihood.variance is missing: it must be a number",
  ],
};

describe("what can't be trained is refused in one line", () => {
  test.each(Object.entries(refused))("%s", (_, [model, second, options, line]) => {
    const build = () =>
      importModel(model, second, { image, subjects: { model: "m.onnx", decoder: "d.onnx" }, ...options });
    expect(build).toThrow(IsthmusError);
    expect(build).toThrow(line);
    expect(build).not.toThrow("\n");
  });
});
