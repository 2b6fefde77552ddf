/** The layers of a graph, as far as quantising them goes: products and convolutions by weights of their own. */
import { type Graph, graphNodes } from "../ir/graph.ts";
import { type Node, type NodeOf, operands, type Value } from "../ir/value.ts";

export interface Layer {
  readonly node: NodeOf<"Gemm"> | NodeOf<"MatMul"> | NodeOf<"Conv"> | NodeOf<"ConvTranspose">;
  /** The name of its weights. */
  readonly weight: string;
  /** The axis of the weights along which each index makes one channel of the output. */
  readonly channels: number;
  /** The name of its bias, one number a channel, where that is a weight too. */
  readonly bias: string | undefined;
  /** Whether it is a matrix product and no more, but for a bias. */
  readonly isProduct: boolean;
}

/**
 * The layers of a graph in order. Weights that anything else reads too are no layer's: a codebook, whose rows are also
 * looked up, or a matrix that another layer takes transposed.
 */
export function layersOf(graph: Graph): readonly Layer[] {
  const nodes = graphNodes(graph);
  const reads = [...nodes.flatMap(operands), ...Object.values(graph.outputs)];
  const times = (name: string) => reads.filter((value) => value === graph.inputs[name]).length;
  const all = nodes.flatMap((node) => layerOf(node, graph) ?? []);
  const layers = all.filter(({ weight, channels }) => {
    const alike = all.filter((other) => other.weight === weight && other.channels === channels);
    return times(weight) === alike.length;
  });
  const isBias = (name: string) => times(name) === layers.filter(({ bias }) => bias === name).length;
  return layers.map((layer) => ({
    ...layer,
    bias: layer.bias && isBias(layer.bias) ? layer.bias : undefined,
  }));
}

function layerOf(node: Node, graph: Graph): Layer | undefined {
  if (!isLayer(node)) return undefined;
  const weight = weightName(node.inputs[1], graph);
  const rank = node.inputs[1].shape.length;
  if (weight === undefined || (node.op === "MatMul" && rank !== 2)) return undefined;
  const bias = node.inputs[2] && weightName(node.inputs[2], graph);
  const channels = channelsOf(node);
  const isVector =
    node.inputs[2]?.shape.length === 1 && node.inputs[2].shape[0] === node.inputs[1].shape[channels];
  return { node, weight, channels, bias: isVector ? bias : undefined, isProduct: isProduct(node) };
}

function isLayer(node: Node): node is Layer["node"] {
  return ["Gemm", "MatMul", "Conv", "ConvTranspose"].includes(node.op);
}

/** The name of a float32 weight; undefined for anything else. */
function weightName({ dtype, producer }: Value, { weights }: Graph): string | undefined {
  const isWeight = producer.kind === "input" && Object.hasOwn(weights, producer.name);
  return isWeight && dtype === "float32" ? producer.name : undefined;
}

function channelsOf({ op, attributes }: Layer["node"]): number {
  if (op === "Gemm") return attributes.transB ? 0 : 1;
  return op === "Conv" ? 0 : 1;
}

function isProduct({ op, inputs, attributes }: Layer["node"]): boolean {
  if (op !== "Gemm") return op === "MatMul";
  const { alpha, beta, transA } = attributes;
  return alpha === 1 && transA === 0 && (beta === 1 || inputs[2] === undefined);
}
