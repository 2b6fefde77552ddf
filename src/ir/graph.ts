/** A graph: named inputs, named outputs, and the weights bound to it. */
import { fail } from "./error.ts";
import type { Tensors } from "./tensor.ts";
import { type Node, operands, showType, type Value } from "./value.ts";

export type Values = Readonly<Record<string, Value>>;

/** A pure function from its inputs to its outputs, both by name and in order. */
export interface Graph<I extends Values = Values, O extends Values = Values> {
  readonly name: string;
  /** One sentence for whoever opens the model in a viewer. */
  readonly doc: string;
  readonly inputs: I;
  readonly outputs: O;
  /** Tensors under the names of inputs that are no longer fed: the weights. */
  readonly weights: Tensors;
  readonly metadata: Readonly<Record<string, string>>;
}

/** What can be said of a graph besides its inputs and outputs. */
export interface GraphDetails {
  readonly doc?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * A graph over these inputs and outputs. Throws where an output needs an input that is not listed, or where an
 * input's key is not its name.
 */
export function graph<I extends Values, O extends Values>(
  name: string,
  inputs: I,
  outputs: O,
  details: GraphDetails = {},
): Graph<I, O> {
  for (const [key, value] of Object.entries(inputs)) {
    const { producer } = value;
    if (producer.kind !== "input") fail(`graph ${name}`, `input ${key} is computed, not an input`);
    if (producer.name !== key) fail(`graph ${name}`, `input ${key} is named ${producer.name}`);
  }
  const listed = new Set(Object.values(inputs).map((value) => value.producer));
  const check = ({ producer }: Value, user: string, place?: string) => {
    if (producer.kind === "input" && !listed.has(producer)) {
      fail(`graph ${name}`, `${user} needs ${producer.name}, which is not an input`, place);
    }
  };
  for (const [key, value] of Object.entries(outputs)) {
    const same = Object.hasOwn(inputs, key) ? inputs[key] : value;
    if (same !== value) fail(`graph ${name}`, `${key} is the name of an input and of another output`);
    check(value, `output ${key}`);
  }
  for (const node of nodesOf(Object.values(outputs))) {
    for (const operand of operands(node)) check(operand, node.op, node.place);
  }
  return { name, doc: details.doc ?? "", inputs, outputs, weights: {}, metadata: details.metadata ?? {} };
}

/** The graph with `weights` in place of the inputs of those names. Throws where a name, dtype or shape differs. */
export function bind<I extends Values, O extends Values, W extends Tensors>(
  graph: Graph<I, O>,
  weights: W,
): Graph<Omit<I, keyof W>, O> {
  for (const [name, tensor] of Object.entries(weights)) {
    const value = graph.inputs[name] ?? fail(`graph ${graph.name}`, `has no input ${name} to bind`);
    if (showType(tensor) !== showType(value))
      fail(`graph ${graph.name}`, `${name} is ${showType(value)}, got ${showType(tensor)}`);
  }
  return { ...graph, weights: { ...graph.weights, ...weights } };
}

/** The inputs that are still to be fed: those without a weight. */
export function freeInputs(graph: Graph): [name: string, value: Value][] {
  return Object.entries(graph.inputs).filter(([name]) => !Object.hasOwn(graph.weights, name));
}

/** Every node that the values need, producers before consumers, each once. */
export function nodesOf(values: readonly Value[]): Node[] {
  const done = new Set<Node>();
  // An explicit stack: an unrolled graph can be deeper than the engine's own.
  const stack: { node: Node; next: number; inputs: Value[] }[] = [];
  const enter = ({ producer }: Value) => {
    if (producer.kind === "node" && !done.has(producer))
      stack.push({ node: producer, next: 0, inputs: operands(producer) });
  };
  for (const value of values) {
    enter(value);
    while (stack.length > 0) {
      const top = stack.at(-1)!;
      const operand = top.inputs[top.next++];
      if (operand !== undefined) enter(operand);
      else {
        done.add(top.node);
        stack.pop();
      }
    }
  }
  return [...done];
}

/** The nodes of a graph, producers before consumers. */
export function graphNodes(graph: Graph): Node[] {
  return nodesOf(Object.values(graph.outputs));
}
