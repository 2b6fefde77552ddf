/** A graph as part of another: built again over given values. */
import { fail } from "../ir/error.ts";
import { type Graph, graphNodes, type Values } from "../ir/graph.ts";
import { within } from "../ir/origin.ts";
import { constant, type Node, type Value } from "../ir/value.ts";
import type { OpType } from "../ir/vocabulary.ts";
import { apply } from "../ops/apply.ts";

/** What a node becomes over its new operands; undefined where it stays what it is. */
export type Instead = (node: Node, operands: readonly (Value | undefined)[]) => readonly Value[] | undefined;

/**
 * The outputs of a graph over other inputs, by name; its weights become constants where no value is given for them.
 * Types are inferred anew, so that a dimension that had a name may be a number now. Throws where an input is missing or
 * does not fit.
 */
export function inline(graph: Graph, inputs: Values, instead: Instead = () => undefined): Values {
  const known = new Map<Value, Value>();
  for (const [name, value] of Object.entries(graph.inputs)) {
    const weight = graph.weights[name];
    known.set(value, inputs[name] ?? (weight && constant(weight)) ?? fail(graph.name, `takes ${name}`));
  }
  const settle = (value: Value) => (value.producer.kind === "constant" ? value : known.get(value)!);
  for (const node of graphNodes(graph)) {
    const { op, inputs, attributes, outputs, path, place } = node;
    const operands = (inputs as readonly (Value | undefined)[]).map((value) => value && settle(value));
    const again = () => apply<OpType>(op, operands as never, attributes as never);
    const made = within(path, () => instead(node, operands) ?? again(), place);
    outputs.forEach((value, i) => {
      known.set(value, made[i]!);
    });
  }
  return Object.fromEntries(Object.entries(graph.outputs).map(([name, value]) => [name, settle(value)]));
}
