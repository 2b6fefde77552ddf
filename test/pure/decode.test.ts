/** Reading ONNX files: our own lose nothing, and what can't be read is refused in words. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { factsOf } from "../../graphs/families.ts";
import { IsthmusError } from "../../src/ir/error.ts";
import { graph, nodesOf } from "../../src/ir/graph.ts";
import { print } from "../../src/ir/print.ts";
import { input } from "../../src/ir/value.ts";
import { decode } from "../../src/onnx/decode.ts";
import { encode } from "../../src/onnx/encode.ts";
import { onnx } from "../../src/onnx/proto.ts";
import { mul, relu, stopGradient } from "../../src/ops/index.ts";
import { type Emitted, emitted } from "../support/emitted.ts";
import { foreign, node, port, weight } from "../support/foreign.ts";
import { build } from "../support/samples/sample.ts";
import { cases } from "../support/samples/samples.ts";

/** A StopGradient comes back as the Identity that stands for it. */
const ownWords = cases.filter(({ op }) => op !== "StopGradient");

/** Where a gradient is stopped, or the loss is the reconstruction, the Identity is one of the graph's own when it comes back. */
const comesBackRenamed = ({ model }: Emitted) => model.family === "vq-vae" || factsOf(model).penalty === null;

/** The files of every operator's samples, and every file that a run writes. */
const files = [
  ...ownWords.map(({ op, sample, number, title }) => ({
    title,
    bytes: encode(build(op, sample, number).graph),
  })),
  ...emitted.filter((file) => !comesBackRenamed(file)),
];

describe("a file decoded and encoded again is the same bytes", () => {
  test.each(files)("$title", ({ bytes }) => {
    expect(Buffer.compare(encode(decode(bytes)), bytes)).toBe(0);
  });

  test.each(emitted.filter(comesBackRenamed))("from then on: $title", ({ bytes }) => {
    const again = encode(decode(bytes));
    expect(Buffer.compare(encode(decode(again)), again)).toBe(0);
  });
});

describe("the decoded graph has the text of the graph that was encoded", () => {
  // An attribute that is a float comes back as float32; attributes and what a loop reads come in the file's order.
  const keepsText = ownWords.filter(
    ({ op }) => !/^(LeakyRelu|Conv|ConvTranspose|MaxPool|Slice|Scan)$/.test(op),
  );

  test.each(keepsText)("$title", ({ op, sample, number }) => {
    const { graph } = build(op, sample, number);
    expect(print(decode(encode(graph)))).toBe(print(graph));
  });
});

test("metadata and the description come back", () => {
  const { doc, metadata } = decode(emitted[0]!.bytes);
  expect(doc).toBe("The encoder of vae · 12-5-2.");
  expect(Object.keys(metadata)).toEqual([
    "isthmus.model",
    "isthmus.training",
    "isthmus.image",
    "isthmus.medium",
    "isthmus.classes",
  ]);
});

test("a StopGradient is an Identity in the file", () => {
  const z = input("z", "float32", [2]);
  const { y } = decode(encode(graph("stopped", { z }, { y: mul(stopGradient(relu(z)), 2) }))).outputs;
  expect(nodesOf([y!]).map(({ op }) => op)).toEqual(["Relu", "Identity", "Mul"]);
});

const x = port("x", [2, 6]);
const image = port("x", [1, 2, 5, 5]);
const shape = weight("shape", [2], "int64", [3, 4]);

test("dimensions keep their names, and get one where they have none", () => {
  const graph = decode(
    foreign({ inputs: [port("x", ["batch", undefined, 3])], nodes: [node("Relu", ["x"])] }),
  );
  expect(graph.inputs.x?.shape).toEqual(["batch", "x_1", 3]);
});

const rectifier = { inputs: [x], nodes: [node("Relu", ["x"])] };
const message = (parts: object) => onnx.ModelProto.encode(parts).finish();
const external = {
  ...shape,
  rawData: null,
  dataLocation: 1,
  externalData: [{ key: "location", value: "w.bin" }],
};

/** Files that can't be read, each with the one thing that its error must name. */
const refused: Readonly<Record<string, readonly [Uint8Array, string]>> = {
  "no bytes": [new Uint8Array(), "decode: not an ONNX model: it holds no graph"],
  "a text": [Buffer.from("{}\n"), "decode: not an ONNX model, or a damaged one"],
  "no graph": [message({ irVersion: 8 }), "decode: not an ONNX model: it holds no graph"],
  "no opset": [message({ graph: { name: "g" } }), "decode: the model is of opset 0; 11 to 21 can be read"],
  "an older opset": [
    foreign({ ...rectifier, opset: 10 }),
    "decode: the model is of opset 10; 11 to 21 can be read",
  ],
  "a newer opset": [
    foreign({ ...rectifier, opset: 22 }),
    "decode: the model is of opset 22; 11 to 21 can be read",
  ],
  "an unknown operator": [
    foreign({ inputs: [x], nodes: [node("Det", ["x"])] }),
    "decode: unknown operator Det (node a/Det)",
  ],
  "our word for an Identity": [
    foreign({ inputs: [x], nodes: [node("StopGradient", ["x"])] }),
    "decode: unknown operator StopGradient (node a/StopGradient)",
  ],
  "an unknown domain": [
    foreign({ inputs: [x], nodes: [{ ...node("Gelu", ["x"]), domain: "com.microsoft" }] }),
    "decode: unknown operator com.microsoft.Gelu (node a/Gelu)",
  ],
  "weights in another file": [
    foreign({ inputs: [x], nodes: [node("Reshape", ["x", "shape"])], initializers: [external] }),
    "decode: shape lies in another file",
  ],
  "a shape that is computed": [
    foreign({ inputs: [x, port("s", [2], "int64")], nodes: [node("Reshape", ["x", "s"])] }),
    "decode: Reshape (node a/Reshape): its input 2 (s) is computed from more than shapes; only fixed sizes can be read",
  ],
  "a dtype that we have no word for": [
    foreign({ ...rectifier, inputs: [{ ...x, type: { tensorType: { elemType: 16, shape: { dim: [] } } } }] }),
    "decode: x is of a dtype that Isthmus does not know (TensorProto.DataType 16)",
  ],
  "an input without a shape": [
    foreign({ ...rectifier, inputs: [{ name: "x", type: { tensorType: { elemType: 1 } } }] }),
    "decode: input x has no shape",
  ],
  "an input that is a sequence": [
    foreign({ ...rectifier, inputs: [{ name: "x", type: { sequenceType: {} } }] }),
    "decode: input x is no tensor",
  ],
  "a name that nothing makes": [
    foreign({ inputs: [x], nodes: [node("Add", ["x", "z"])] }),
    "decode: z is used before anything makes it",
  ],
  "too few inputs": [
    foreign({ inputs: [x], nodes: [node("Add", ["x"])] }),
    "decode: Add (node a/Add): its input 2 of 2 is missing",
  ],
  "too many inputs": [
    foreign({ inputs: [x], nodes: [node("Relu", ["x", "x"])] }),
    "decode: Relu (node a/Relu): takes 1 inputs, has 2",
  ],
  "inputs that don't fit": [
    foreign({ inputs: [x, port("b", [5])], nodes: [node("Add", ["x", "b"])] }),
    "decode: Add (node a/Add): shapes do not broadcast: [2,6] and [5]",
  ],
  "an attribute beyond us": [
    foreign({ inputs: [image], nodes: [node("MaxPool", ["x"], { kernel_shape: [2, 2], storage_order: 1 })] }),
    "decode: MaxPool (node a/MaxPool): attribute storage_order=1 is not supported",
  ],
  "an attribute of another type": [
    foreign({ inputs: [x], nodes: [node("Transpose", ["x"], { perm: 1 })] }),
    "decode: Transpose (node a/Transpose): attribute perm is not of type ints",
  ],
  "padding that goes round": [
    foreign({
      inputs: [x],
      nodes: [node("Pad", ["x", "pads"], { mode: "wrap" })],
      initializers: [weight("pads", [4], "int64", [0, 1, 0, 2])],
    }),
    "decode: Pad (node a/Pad): attribute mode=wrap is not supported",
  ],
  "a weight of the wrong size": [
    foreign({
      inputs: [x],
      nodes: [node("Add", ["x", "w"])],
      initializers: [weight("w", [6], "float32", [1])],
    }),
    "decode: w has 1 elements where [6] needs 6",
  ],
};

describe("what can't be read is refused by name", () => {
  test.each(Object.entries(refused))("%s", (_, [bytes, fact]) => {
    expect(() => decode(bytes)).toThrow(IsthmusError);
    expect(() => decode(bytes)).toThrow(fact);
  });
});

/** Reads bytes that may be damaged: what comes of it is a graph that can be written and printed, or an error of ours. */
function survives(bytes: Uint8Array): void {
  try {
    const graph = decode(bytes);
    encode(graph);
    print(graph);
  } catch (error) {
    if (!(error instanceof IsthmusError)) throw error;
  }
}

describe("damaged bytes are a graph or an error of ours", () => {
  const file = fc.constantFrom(...files).map(({ bytes }) => bytes);
  const places = fc.array(
    fc.tuple(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), fc.nat(255)),
    {
      minLength: 1,
      maxLength: 4,
    },
  );

  test("cut short anywhere", () => {
    for (const { bytes } of emitted.slice(0, 3))
      for (let length = 0; length < bytes.length; length++) survives(bytes.subarray(0, length));
  });

  test("with other bytes in places", () => {
    fc.assert(
      fc.property(file, places, (bytes, changes) => {
        const damaged = new Uint8Array(bytes);
        for (const [at, byte] of changes) damaged[Math.floor(at * damaged.length)] = byte;
        survives(damaged);
      }),
      { numRuns: 5000 },
    );
  });
});
