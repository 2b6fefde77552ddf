import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test, vi } from "vitest";
import { nodeHost } from "../../runtime/host/node.ts";
import { Session } from "../../runtime/session.ts";
import { IsthmusError } from "../../src/ir/error.ts";
import { graph } from "../../src/ir/graph.ts";
import { within } from "../../src/ir/origin.ts";
import { type Tensors, tensor } from "../../src/ir/tensor.ts";
import { input } from "../../src/ir/value.ts";
import { encode } from "../../src/onnx/encode.ts";
import { onnx } from "../../src/onnx/proto.ts";
import { add, gather, mul, scan } from "../../src/ops/index.ts";

const floats = (shape: readonly number[], value = 1) =>
  tensor("float32", shape, new Float32Array(shape.reduce((size, dim) => size * dim, 1)).fill(value));
const integers = (...values: number[]) => tensor("int32", [values.length], Int32Array.from(values));

/** `file:line` of the one line of this file that ends with the comment. */
function lineOf(comment: string): string {
  const lines = readFileSync(fileURLToPath(import.meta.url), "utf8").split("\n");
  return `test/native/session.test.ts:${lines.findIndex((line) => line.endsWith(`// ${comment}`)) + 1}`;
}

/** A session over a host that counts its native calls. */
async function counted() {
  const x = input("x", "float32", ["batch", 3]);
  const y = input("y", "float32", ["batch", 3]);
  const scale = input("scale", "float32", []);
  const g = graph("sum", { x, y, scale }, { z: mul(add(x, y), scale) });
  const native = await nodeHost.open(encode(g), {});
  const run = vi.fn(native.run);
  const session = await Session.open(g, { ...nodeHost, open: async () => ({ ...native, run }) });
  return { session, run };
}

describe("Session", () => {
  test("runs a graph, batch after batch", async () => {
    const { session } = await counted();
    for (const batch of [1, 4, 0]) {
      const { z } = await session.run({
        x: floats([batch, 3], 2),
        y: floats([batch, 3], 3),
        scale: floats([], 4),
      });
      expect(z).toEqual(floats([batch, 3], 20));
    }
    await session.release();
  });

  const good = { x: floats([2, 3]), y: floats([2, 3]), scale: floats([]) };
  test.each<[string, Tensors, string]>([
    ["a missing input", { x: good.x, scale: good.scale }, "sum: input y is not fed"],
    ["an unknown input", { ...good, w: good.x }, "sum: has no input w"],
    [
      "another dtype",
      { ...good, y: tensor("float64", [2, 3], new Float64Array(6)) },
      "sum: input y is float32, got float64",
    ],
    [
      "another size",
      { ...good, x: floats([2, 4]) },
      "sum: input x has shape [batch,3] (batch = 2), got [2,4]",
    ],
    ["another rank", { ...good, x: floats([6]) }, "sum: input x has shape [batch,3], got [6]"],
    ["no scalar", { ...good, scale: floats([1]) }, "sum: input scale has shape [] (batch = 2), got [1]"],
    [
      "batches that differ",
      { ...good, y: floats([5, 3]) },
      "sum: input y has shape [batch,3] (batch = 2), got [5,3]",
    ],
    [
      "fewer elements than the shape has",
      { ...good, x: { ...good.x, data: new Float32Array(5) } },
      "sum: input x of shape [2,3] has 5 elements",
    ],
  ])("refuses %s in one line, before the native call", async (_, feeds, message) => {
    const { session, run } = await counted();
    const refused = session.run(feeds as typeof good);
    await expect(refused).rejects.toBeInstanceOf(IsthmusError);
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toHaveProperty("message", message);
    expect(run).not.toHaveBeenCalled();
    await session.release();
  });

  test("takes any size where a model leaves a dimension without a name", async () => {
    const floatsOf = (name: string, dims: readonly object[]) => ({
      name,
      type: { tensorType: { elemType: 1, shape: { dim: [...dims] } } },
    });
    const model = onnx.ModelProto.encode({
      irVersion: 8,
      opsetImport: [{ domain: "", version: 17 }],
      graph: {
        name: "anyone's",
        node: [{ opType: "Relu", input: ["x"], output: ["y"] }],
        input: [floatsOf("x", [{}, {}])],
        output: [floatsOf("y", [{}, {}])],
      },
    }).finish();
    const session = await Session.load(model, "relu.onnx", nodeHost);
    expect(await session.run({ x: floats([2, 5], -1) })).toEqual({ y: floats([2, 5], 0) });
    await expect(session.run({ x: floats([2]) })).rejects.toThrow(
      "relu.onnx: input x has shape [,], got [2]",
    );
    await session.release();
  });

  test("says where the node was built that failed at run time", async () => {
    const x = input("x", "float32", [3]);
    const index = input("index", "int32", ["count"]);
    const picked = within("pick", () => gather(x, index)); // the refused node
    const session = await Session.open(graph("gathered", { x, index }, { y: add(picked, 1) }), nodeHost);
    expect((await session.run({ x: floats([3]), index: integers(2, 0) })).y).toEqual(floats([2], 2));
    const failed = session.run({ x: floats([3]), index: integers(7) });
    await expect(failed).rejects.toMatchObject({ name: "IsthmusError", place: lineOf("the refused node") });
    await expect(failed).rejects.toThrow(
      /^gathered: ONNX Runtime: .*'pick\/Gather'.*out of data bounds.*\n {2}built at \S+$/,
    );
    await session.release();
  });

  test("says what failed, and not where in ONNX Runtime's source", async () => {
    const { INT64, FLOAT } = onnx.TensorProto.DataType;
    const port = (name: string, elemType: number) => ({
      name,
      type: { tensorType: { elemType, shape: {} } },
    });
    const model = onnx.ModelProto.encode({
      irVersion: 8,
      opsetImport: [{ version: 17 }],
      graph: {
        name: "expand",
        node: [{ opType: "Expand", input: ["x", "size"], output: ["y"] }],
        initializer: [{ name: "x", dims: [1], dataType: FLOAT, floatData: [1] }],
        input: [
          { name: "size", type: { tensorType: { elemType: INT64, shape: { dim: [{ dimValue: 1 }] } } } },
        ],
        output: [port("y", FLOAT)],
      },
    }).finish();
    const session = await Session.load(model, "m", nodeHost);
    const said = (size: bigint) =>
      session.run({ size: tensor("int64", [1], BigInt64Array.of(size)) }).catch(({ message }) => message);
    const running = "m: ONNX Runtime: Non-zero status code returned while running Expand node. Name:'' ";
    expect(await said(-5n)).toBe(
      `${running}Status Message: tensor.cc:57 CalculateTensorStorageSize Tensor shape.Size() must be >= 0`,
    );
    expect(await said(2n ** 40n)).toBe(
      `${running}Status Message: Failed to allocate memory for requested buffer of size ${4n * 2n ** 40n}`,
    );
    await session.release();
  });

  test("says so inside of a loop as well", async () => {
    const x = input("x", "float32", [3]);
    const index = input("index", "int32", ["steps", 1]);
    const sum = input("sum", "float32", [1]);
    const loop = scan("loop", { states: { sum }, sequences: { index }, reads: { x } }, (at) => {
      const picked = gather(at.reads.x, at.sequences.index); // the refused node of the loop
      return { states: { sum: add(at.states.sum, picked) }, stacks: {} };
    });
    const session = await Session.open(
      graph("looped", { sum, index, x }, { total: loop.states.sum }),
      nodeHost,
    );
    const feeds = (...order: number[]) => ({
      sum: floats([1], 0),
      index: tensor("int32", [order.length, 1], Int32Array.from(order)),
      x: tensor("float32", [3], Float32Array.of(1, 10, 100)),
    });
    expect((await session.run(feeds(0, 2, 2))).total).toEqual(floats([1], 201));
    await expect(session.run(feeds(0, 3))).rejects.toMatchObject({
      place: lineOf("the refused node of the loop"),
    });
    await session.release();
  });

  test("names the file that is no model, in one line", async () => {
    for (const bytes of [
      new Uint8Array(0),
      new TextEncoder().encode("not a model"),
      new Uint8Array(1000).fill(255),
    ]) {
      const opened = Session.load(bytes, "broken.onnx", nodeHost);
      await expect(opened).rejects.toBeInstanceOf(IsthmusError);
      await expect(opened).rejects.toThrow(/^broken\.onnx: ONNX Runtime: .+$/);
    }
  });
});
