/** Names for everything in a graph, the same in its text, in its ONNX file and in the runtime's messages. */
import { type Graph, graphNodes } from "./graph.ts";
import type { Constant, Node, Value } from "./value.ts";

export interface Names {
  /** A path such as `encoder/hidden.0/Gemm`. */
  node(node: Node): string;
  /** An input's or output's own name, or the name of the node that makes the value. */
  value(value: Value): string;
  /** The constants in use, each content once. */
  constants(): [name: string, constant: Constant][];
}

/** Names of one graph; `prefix` keeps those of a loop's body apart from the ones around it. */
export function nameGraph(graph: Graph, prefix = ""): Names {
  const taken = new Set<string>();
  const unique = (wish: string) => {
    let name = wish;
    for (let count = 1; taken.has(name); count++) name = `${wish}_${count}`;
    taken.add(name);
    return name;
  };
  const values = new Map<Value, string>();
  const constants = new Map<string, [string, Constant]>();
  for (const [key, value] of Object.entries(graph.inputs)) values.set(value, unique(prefix + key));
  for (const [key, value] of Object.entries(graph.outputs)) {
    // An output that is an input, a constant or another output too is given its name by an Identity in the file.
    const name = unique(prefix + key);
    if (value.producer.kind === "node" && !values.has(value)) values.set(value, name);
  }
  const nodes = new Map<Node, string>();
  for (const node of graphNodes(graph)) {
    const name = unique(`${prefix}${node.path === "" ? "" : `${node.path}/`}${node.op}`);
    nodes.set(node, name);
    for (const value of node.outputs) {
      if (!values.has(value)) values.set(value, value.output === 0 ? name : `${name}:${value.output}`);
    }
  }
  const constantName = (constant: Constant) => {
    const { dtype, shape, data } = constant.tensor;
    const content = `${dtype}[${shape}]${data.join(",")}`;
    const known = constants.get(content);
    if (known !== undefined) return known[0];
    const label = shape.length === 0 ? `${Number(Number(data[0]).toPrecision(7))}` : `${dtype}[${shape}]`;
    const name = unique(`${prefix}constant/${label}`);
    constants.set(content, [name, constant]);
    return name;
  };
  return {
    node: (node) => nodes.get(node)!,
    value: (value) =>
      value.producer.kind === "constant" ? constantName(value.producer) : values.get(value)!,
    constants: () => [...constants.values()],
  };
}
