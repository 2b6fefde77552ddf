/** Tensors in other files: found wherever a tensor may be, and whichever way a parser puts messages together. */
import { describe, expect, test } from "vitest";
import { requireOneFile } from "../../src/onnx/external.ts";
import { type AttributeProto, type GraphProto, type ModelProto, onnx } from "../../src/onnx/proto.ts";

const { EXTERNAL } = onnx.TensorProto.DataLocation;
const inside = { name: "w", dims: [16], dataType: 2, rawData: new Uint8Array(300) };
const outside = {
  ...{ name: "w", dims: [16], dataType: 2, dataLocation: EXTERNAL },
  externalData: [{ key: "location", value: "w.bin" }],
};
type Tensor = typeof inside | typeof outside;

const node = (attribute: AttributeProto) => ({ opType: "Constant", output: ["w"], attribute: [attribute] });
const ofNode = (attribute: AttributeProto): ModelProto => ({ graph: { node: [node(attribute)] } });
const branch = (graph: GraphProto): ModelProto => ofNode({ name: "then_branch", g: graph });
const places: Readonly<Record<string, (tensor: Tensor) => ModelProto>> = {
  "an initializer": (tensor) => ({ graph: { initializer: [inside, tensor] } }),
  "the values of a sparse one": (values) => ({ graph: { sparseInitializer: [{ values, indices: inside }] } }),
  "the indices of a sparse one": (indices) => ({
    graph: { sparseInitializer: [{ values: inside, indices }] },
  }),
  "an attribute": (t) => ofNode({ name: "value", t }),
  "a list in an attribute": (tensor) => ofNode({ name: "values", tensors: [inside, tensor] }),
  "a sparse attribute": (values) => ofNode({ name: "value", sparseTensor: { values } }),
  "a list of sparse ones": (values) => ofNode({ name: "values", sparseTensors: [{}, { values }] }),
  "a branch": (tensor) => branch({ initializer: [tensor] }),
  "a branch of a branch": (t) =>
    branch({ node: [node({ graphs: [{ node: [node({ name: "value", t })] }] })] }),
  "a function": (t) => ({ graph: {}, functions: [{ name: "f", node: [node({ name: "value", t })] }] }),
  "what a training begins with": (tensor) => ({
    graph: {},
    trainingInfo: [{ initialization: { initializer: [tensor] } }],
  }),
};
const bytesOf = (model: ModelProto) => onnx.ModelProto.encode({ irVersion: 8, ...model }).finish();
const refused = /^m: a tensor lies in another file, which is not supported$/;

describe("a tensor in another file", () => {
  test.each(Object.entries(places))("in %s", (_place, model) => {
    expect(() => requireOneFile(bytesOf(model(inside)), "m")).not.toThrow();
    expect(() => requireOneFile(bytesOf(model(outside)), "m")).toThrow(refused);
  });

  test("in a message that another one follows where there should be one", () => {
    const twice = Buffer.concat([bytesOf(places["an initializer"]!(outside)), bytesOf({ graph: {} })]);
    // A parser that takes the last one sees nothing of it.
    expect(onnx.ModelProto.decode(twice).graph!.initializer).toEqual([]);
    expect(() => requireOneFile(twice, "m")).toThrow(refused);
  });

  test("whatever stands before it", () => {
    const hidden = bytesOf(places["an attribute"]!(outside));
    // Fields that there are not: numbers, a group, and a tag with bits above its 32.
    const others = [
      [0xf8, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
      [0xf9, 0x7f, 1, 2, 3, 4, 5, 6, 7, 8, 0xfd, 0x7f, 1, 2, 3, 4],
      [0xfb, 0x7f, 0xf8, 0x7f, 1, 0xfc, 0x7f],
      [0xba, 0x80, 0x80, 0x80, 0x10, 0],
    ];
    for (const other of others) {
      expect(() => requireOneFile(Uint8Array.from([...other, ...hidden]), "m")).toThrow(refused);
      expect(() => requireOneFile(Uint8Array.from([...other, ...bytesOf({ graph: {} })]), "m")).not.toThrow();
    }
  });
});

test("what is cut short, and a format in which it can't be seen, are refused", () => {
  const whole = bytesOf(places["an initializer"]!(inside));
  expect(() => requireOneFile(whole.subarray(0, -5), "m")).toThrow(/^m: not an ONNX model, or a damaged one/);
  const other = Uint8Array.from([..."\x12\x06..ORTM"].map((char) => char.charCodeAt(0)));
  expect(() => requireOneFile(other, "m")).toThrow("m: is no ONNX, but ONNX Runtime's format");
});
