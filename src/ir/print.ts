/** A graph as readable text: one line a node, for people, golden files and `isthmus inspect`. */
import { type Graph, graphNodes } from "./graph.ts";
import { type Names, nameGraph } from "./name.ts";
import { type Node, showType } from "./value.ts";

/**
 * The text of a graph:
 *
 *     encoder(image: float32[batch,1,28,28]) → mean, log_variance
 *       weight encoder.mean.bias: float32[20]
 *       encoder/Reshape: float32[batch,784] = Reshape(image) shape=[0,784]
 */
export function print(graph: Graph, prefix = ""): string {
  const names = nameGraph(graph, prefix);
  const inputs = Object.entries(graph.inputs);
  const fed = inputs.filter(([name]) => !Object.hasOwn(graph.weights, name));
  const weights = inputs.filter(([name]) => Object.hasOwn(graph.weights, name));
  const parameters = fed.map(([name, value]) => `${prefix}${name}: ${showType(value)}`);
  const results = Object.entries(graph.outputs).map(([key, value]) => {
    const name = names.value(value);
    return name === prefix + key ? name : `${prefix}${key} = ${name}`;
  });
  const signature = (separator: string) => parameters.join(separator);
  const head = signature(", ").length > 100 ? `(\n    ${signature(",\n    ")}\n  )` : `(${signature(", ")})`;
  return [
    `${graph.name}${head} → ${results.join(", ")}`,
    ...weights.map(([name, value]) => `  weight ${name}: ${showType(value)}`),
    ...graphNodes(graph).map((node) => `  ${line(node, names)}`),
  ].join("\n");
}

function line(node: Node, names: Names): string {
  const outputs = node.outputs.map((value) => `${names.value(value)}: ${showType(value)}`);
  const inputs = (node.inputs as readonly (typeof node.outputs)[number][]).map((value) =>
    value === undefined ? "–" : names.value(value),
  );
  while (inputs.at(-1) === "–") inputs.pop();
  const attributes = Object.entries(node.attributes).filter(([key]) => key !== "body");
  const settings = attributes
    .map(([key, value]) => ` ${key}=${Array.isArray(value) ? `[${value}]` : value}`)
    .join("");
  const body =
    node.op === "Scan"
      ? `\n${print(node.attributes.body, `${names.node(node)}/`).replaceAll(/^/gm, "    ")}`
      : "";
  return `${outputs.join(", ")} = ${node.op}(${inputs.join(", ")})${settings}${body}`;
}
