/**
 * Weights in half the bytes: stored as float16, computed with as float32.
 *
 * Every provider folds the Cast of a weight when it opens a model, so the file runs wherever it did, as fast as before,
 * and all that is lost is what rounding a weight to 11 bits loses. Products in float16 would be no faster where most of
 * these files run: ONNX Runtime's CPU provider has none on x86 and casts around them (17 ms for 12 at 500 × 784 × 400),
 * WebAssembly the same, and WebGPU has them only where the GPU offers `shader-f16`.
 */
import { arrayOf } from "../ir/dtype.ts";
import { fail } from "../ir/error.ts";
import { LARGEST_HALF } from "../ir/float16.ts";
import { bind, type Graph, graph } from "../ir/graph.ts";
import { within } from "../ir/origin.ts";
import { type Tensor, tensor } from "../ir/tensor.ts";
import { input, type Value } from "../ir/value.ts";
import { cast } from "../ops/index.ts";
import { inline } from "./inline.ts";

/**
 * The same graph with its float32 weights as float16, each to the nearest: a relative 2⁻¹¹, and 2⁻²⁵ below 2⁻¹⁴. Throws
 * where it has none, or one is larger than float16 goes.
 */
export function halve(given: Graph): Graph {
  const inputs: Record<string, Value> = { ...given.inputs };
  const values: Record<string, Value> = { ...given.inputs };
  const weights: Record<string, Tensor> = { ...given.weights };
  const full = Object.entries(given.weights).filter(([, { dtype }]) => dtype === "float32");
  if (full.length === 0) fail(given.name, "has no float32 weights to store as float16");
  for (const [name, { shape, data }] of full) {
    // Larger ones than the largest that there is would become that one, and from 65,520 on infinity.
    if ((data as Float32Array).some((value) => Math.abs(value) > LARGEST_HALF))
      fail(given.name, `${name} has elements past ${LARGEST_HALF}, the largest float16`);
    const half = input(name, "float16", shape);
    inputs[name] = half;
    weights[name] = tensor("float16", shape, arrayOf("float16", data));
    values[name] = within(name, () => cast(half, "float32"));
  }
  return bind(graph(given.name, inputs, inline(given, values), given), weights);
}
