/** Exported models in fewer bytes: how their weights are stored. */
import type { Graph } from "../src/ir/graph.ts";
import { halve } from "../src/passes/halve.ts";
import { quantise, type Ranges } from "../src/passes/quantise.ts";

/**
 * `fp16`: weights as float16. `int8`: those of layers as integers; what they are fed with is quantised as each batch asks
 * for (dynamic), or by ranges that `calibrate` found (static).
 */
export type Precision =
  | { readonly kind: "fp16" }
  | { readonly kind: "int8"; readonly ranges?: Ranges | undefined };

/** `fp16`, `int8-dynamic` or `int8-static`: what files say of themselves under `isthmus.precision`. */
export function precisionName(precision: Precision): string {
  if (precision.kind === "fp16") return "fp16";
  return precision.ranges === undefined ? "int8-dynamic" : "int8-static";
}

/** The graph with its weights so. Throws where it has none that the precision is for. */
export function withPrecision(graph: Graph, precision: Precision): Graph {
  return precision.kind === "fp16" ? halve(graph) : quantise(graph, precision.ranges);
}
