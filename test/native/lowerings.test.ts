/** What other exporters emit: files run to the same numbers after they were read and written, and have gradients. */
import { describe, expect, test } from "vitest";
import { Random } from "../../src/data/random.ts";
import { arrayOf, isFloat } from "../../src/ir/dtype.ts";
import { type Graph, graphNodes } from "../../src/ir/graph.ts";
import { sizeOf, tensor } from "../../src/ir/tensor.ts";
import type { Value } from "../../src/ir/value.ts";
import { decode } from "../../src/onnx/decode.ts";
import { encode } from "../../src/onnx/encode.ts";
import { lowerings } from "../../src/onnx/import/lowerings.ts";
import { infer } from "../support/bare.ts";
import { difference } from "../support/difference.ts";
import { foreign } from "../support/foreign.ts";
import { gradientError, weighted } from "../support/gradient.ts";
import { lowered } from "../support/lowered.ts";

const cases = Object.entries(lowered);

function draw(shape: readonly number[]): number[] {
  const random = new Random(5, "x");
  return Array.from({ length: sizeOf(shape) }, () => random.normal());
}

/** What ONNX Runtime makes of random numbers. */
async function outputsOf(model: Uint8Array) {
  const feed = (_: string, shape: readonly (number | string)[]) => {
    const sizes = shape.map(Number);
    return tensor("float32", sizes, Float32Array.from(draw(sizes)));
  };
  return Object.entries(await infer(model, feed, "disabled"));
}

/** The shape of the input in numbers. */
function shapeOf(graph: Graph): readonly number[] {
  return graph.inputs.x!.shape as readonly number[];
}

describe("runs to the same numbers", () => {
  test.each(cases)("%s", async (_, parts) => {
    const bytes = foreign(parts("float32"));
    const [expected, actual] = [await outputsOf(bytes), await outputsOf(encode(decode(bytes)))];
    expect(actual.map(([name, { shape }]) => [name, shape])).toEqual(
      expected.map(([name, { shape }]) => [name, shape]),
    );
    actual.forEach(([, { data }], i) => {
      expect(difference(Array.from(data, Number), Array.from(expected[i]![1].data, Number))).toBeLessThan(
        1e-5,
      );
    });
  });
});

describe("has the gradients of its central differences", () => {
  const flat = ["Ceil"];
  test.each(cases.filter(([title]) => !flat.includes(title)))("%s", (_, parts) => {
    const graph = decode(foreign(parts("float64")));
    const shape = shapeOf(graph);
    const wrt = Object.fromEntries(Object.entries(graph.inputs).filter(([, { dtype }]) => isFloat(dtype)));
    const y = Object.values(graph.outputs)[0] as Value<"float64">;
    const feeds = { ...graph.weights, x: { shape, data: arrayOf("float64", draw(shape)) } };
    expect(gradientError(weighted(y), graph.inputs, wrt, feeds)).toBeLessThan(1e-7);
  });
});

test("every lowering is tried", () => {
  const tried = new Set(cases.flatMap(([, parts]) => parts("float32").nodes.map(({ opType }) => opType)));
  expect(Object.keys(lowerings).filter((op) => !tried.has(op))).toEqual([]);
});

test("no shape is computed when it runs", () => {
  const types = cases.flatMap(([, parts]) =>
    graphNodes(decode(foreign(parts("float32")))).map(({ outputs }) => outputs[0]!.dtype),
  );
  expect(types.filter((dtype) => dtype === "int64")).toEqual([]);
});
