/** Every sample of every operator on ONNX Runtime's CPU provider, against the reference interpreter. */
import { describe, expect, it } from "vitest";
import type { DType } from "../../src/ir/dtype.ts";
import { encode } from "../../src/onnx/encode.ts";
import { infer } from "../support/bare.ts";
import { difference } from "../support/difference.ts";
import { differentiable, gradientGraph } from "../support/gradient.ts";
import { run } from "../support/interpreter/interpreter.ts";
import { build, type Trial } from "../support/samples/sample.ts";
import { cases } from "../support/samples/samples.ts";

/**
 * Units of a result's largest magnitude (at least 1). The samples sum at most about 40 products, and a sum's error in
 * float32 is a few times 2⁻²⁴ ≈ 6e-8 of that: 2.4e-7 is the worst seen. For float64 the same with 2⁻⁵³.
 */
const tolerance: Partial<Record<DType, number>> = { float32: 1e-6, float64: 2e-15 };

/** Runs a graph both ways and compares every output with the other's and with its inferred type. */
async function compare({ graph, feeds }: Trial, level: "disabled" | "all"): Promise<void> {
  const expected = run(graph, feeds);
  const actual = await infer(encode(graph), (name) => feeds[name]!, level);
  expect(Object.keys(actual).sort()).toEqual(Object.keys(expected).sort());
  for (const [name, value] of Object.entries(graph.outputs)) {
    const [got, want] = [actual[name]!, expected[name]!];
    expect({ dtype: got.dtype, shape: got.shape }).toEqual({ dtype: value.dtype, shape: value.shape });
    expect(
      difference(Array.from(got.data as ArrayLike<number | bigint>, Number), want.data),
    ).toBeLessThanOrEqual(tolerance[value.dtype] ?? 0);
  }
}

describe.each(["disabled", "all"] as const)("ONNX Runtime, optimizations %s", (level) => {
  for (const { title, op, sample, number } of cases) {
    it(title, () => compare(build(op, sample, number), level));
  }
});

describe("ONNX Runtime, gradients", () => {
  for (const sample of cases) {
    const trial = differentiable(sample);
    if (trial === undefined) continue;
    const { graph, feeds, loss, wrt } = trial;
    it(sample.title, () => compare({ graph: gradientGraph(loss, graph.inputs, wrt), feeds }, "all"));
  }
});
