/** The reference interpreter against numbers worked out by hand, and every sample through ONNX and back. */
import { describe, expect, it } from "vitest";
import { graph } from "../../src/ir/graph.ts";
import { input, type Value } from "../../src/ir/value.ts";
import { decode } from "../../src/onnx/decode.ts";
import { encode } from "../../src/onnx/encode.ts";
import * as ops from "../../src/ops/index.ts";
import { difference } from "../support/difference.ts";
import { erf } from "../support/interpreter/erf.ts";
import { run } from "../support/interpreter/interpreter.ts";
import { build } from "../support/samples/sample.ts";
import { cases } from "../support/samples/samples.ts";

describe("through ONNX and back", () => {
  for (const { title, op, sample, number } of cases) {
    it(title, () => {
      const { graph, feeds } = build(op, sample, number);
      const back = decode(encode(graph));
      expect(encode(decode(encode(back)))).toEqual(encode(back));
      const [expected, actual] = [run(graph, feeds), run(back, feeds)];
      expect(Object.keys(actual)).toEqual(Object.keys(expected));
      for (const [name, { dtype, shape, data }] of Object.entries(expected)) {
        expect(actual[name]).toMatchObject({ dtype, shape });
        // ONNX keeps an attribute such as alpha in float32.
        expect(difference(actual[name]!.data, data)).toBeLessThan(2 ** -24);
      }
    });
  }
});

describe("the reference interpreter", () => {
  const x = input("x", "float64", [2, 3]);
  const feeds = { x: { shape: [2, 3], data: [1, 2, 3, 4, 5, 6] } };
  const of = (y: Value) => run(graph("f", { x }, { y }), feeds).y!;

  it("knows the error function", () => {
    // Abramowitz & Stegun 1964, table 7.1
    expect(erf(0.5)).toBeCloseTo(0.5204998778, 10);
    expect(erf(-1)).toBeCloseTo(-0.8427007929, 10);
    expect(erf(2)).toBeCloseTo(0.995322265, 10);
    expect(erf(7)).toBe(1);
  });

  it("multiplies matrices", () => {
    expect(of(ops.matMul(x, ops.transpose(x))).data).toEqual([14, 32, 32, 77]);
    expect(of(ops.gemm(x, x, undefined, { transA: true, alpha: 2 })).data).toEqual([
      34, 44, 54, 44, 58, 72, 54, 72, 90,
    ]);
  });

  it("slides windows", () => {
    const row = ops.reshape(x, [1, 1, 6]);
    const kernel = ops.slice(row, 2, 0, 2);
    expect(of(ops.conv(row, kernel)).data).toEqual([5, 8, 11, 14, 17]);
    expect(of(ops.convTranspose(kernel, row)).data).toEqual([1, 4, 7, 10, 13, 16, 12]);
    expect(of(ops.maxPool(row, [2], { pads: [1, 0] })).data).toEqual([1, 3, 5]);
    expect(of(ops.averagePool(row, [2], { pads: [1, 0] })).data).toEqual([1, 2.5, 4.5]);
    expect(of(ops.averagePool(row, [2], { pads: [1, 0], countPadding: true })).data).toEqual([0.5, 2.5, 4.5]);
  });

  it("truncates, wraps and breaks ties as ONNX does", () => {
    const bytes = ops.cast(ops.mul(x, 50), "uint8");
    expect(of(bytes).data).toEqual([50, 100, 150, 200, 250, 44]);
    expect(of(ops.div<"int32">(ops.cast(ops.neg(x), "int32"), 2)).data).toEqual(
      [0, -1, -1, -2, -2, -3].map((v) => v || 0),
    );
    const { values, indices } = ops.topK(ops.cast(ops.div(x, 2), "int64"), 2);
    expect([of(values).data, of(indices).data]).toEqual([
      [1, 1, 3, 2],
      [1, 2, 2, 0],
    ]);
  });

  it("refuses a feed that is missing or of another shape", () => {
    const f = graph("f", { x }, { x });
    expect(() => run(f, {})).toThrow("f: input x is not fed");
    expect(() => run(f, { x: { shape: [3], data: [1, 2, 3] } })).toThrow("inference promised float64[2,3]");
  });
});
