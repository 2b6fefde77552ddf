/** What a graph costs to run: the arithmetic it asks for, and the weights it reads. */
import { byteWidth } from "./dtype.ts";
import { type Graph, graphNodes } from "./graph.ts";
import { coefficientOf, type Shape } from "./shape.ts";
import { sizeOf } from "./tensor.ts";
import type { Node } from "./value.ts";

export interface Cost {
  /** Multiplications and additions, for one of every dimension that has only a name. */
  readonly operations: number;
  /** Elements and bytes of the weights. */
  readonly parameters: number;
  readonly bytes: number;
  /** How often each operator occurs, loop bodies included, the most frequent first. */
  readonly operators: readonly (readonly [op: string, count: number])[];
}

const count = (shape: Shape) => shape.reduce<number>((size, dim) => size * coefficientOf(dim), 1);

/** A product's two operations for each element of the kernel or inner axis, one an element for everything else. */
function operationsOf(node: Node): number {
  const out = count(node.outputs[0]!.shape);
  switch (node.op) {
    case "Gemm":
      return 2 * out * coefficientOf(node.inputs[0].shape[node.attributes.transA ? 0 : 1]!);
    case "MatMul":
    case "MatMulInteger":
      return 2 * out * coefficientOf(node.inputs[0].shape.at(-1)!);
    case "Conv":
      return 2 * out * count(node.inputs[1].shape.slice(1));
    case "ConvTranspose":
      return 2 * count(node.inputs[0].shape) * count(node.inputs[1].shape.slice(1));
    case "Scan":
      return costOf(node.attributes.body).operations;
    case "Reshape":
    case "Squeeze":
    case "Unsqueeze":
    case "Identity":
    case "StopGradient":
      return 0;
    default:
      return Math.max(out, count((node.inputs as Node["outputs"])[0]?.shape ?? []));
  }
}

/** Costs of one run; of one step for a `Scan`. */
export function costOf(graph: Graph): Cost {
  const nodes = graphNodes(graph);
  const operators = new Map<string, number>();
  const add = (op: string, times: number) => operators.set(op, (operators.get(op) ?? 0) + times);
  for (const node of nodes) {
    add(node.op, 1);
    if (node.op === "Scan") for (const [op, times] of costOf(node.attributes.body).operators) add(op, times);
  }
  const weights = Object.values(graph.weights);
  return {
    operations: nodes.reduce((total, node) => total + operationsOf(node), 0),
    parameters: weights.reduce((total, { shape }) => total + sizeOf(shape), 0),
    bytes: weights.reduce((total, { shape, dtype }) => total + sizeOf(shape) * byteWidth(dtype), 0),
    operators: [...operators].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)),
  };
}
