/**
 * The reference interpreter: what ONNX (opset 17) says each operator computes, in float64 and with plain loops. It
 * shares no code with the language's own shape inference, nor with any runtime, so that the three can be compared.
 */
import { fromHalf } from "../../../src/ir/float16.ts";
import { type Graph, graphNodes } from "../../../src/ir/graph.ts";
import { type NodeOf, showType, type Value } from "../../../src/ir/value.ts";
import type { OpType } from "../../../src/ir/vocabulary.ts";
import { activation } from "./activation.ts";
import { elementwise } from "./elementwise.ts";
import type { Kernel, Kernels } from "./kernel.ts";
import { loop } from "./loop.ts";
import { movement } from "./movement.ts";
import { product } from "./product.ts";
import { quantisation } from "./quantisation.ts";
import { selection } from "./selection.ts";
import { element, type HostTensor } from "./tensor.ts";
import { windowed } from "./window.ts";

export type { HostTensor } from "./tensor.ts";

export const kernels: Kernels<OpType> = {
  ...elementwise,
  ...activation,
  ...product,
  ...windowed,
  ...quantisation,
  ...movement,
  ...selection,
  ...loop,
};

/** What an input can be fed with; its dtype is the input's. */
export interface Feed {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number | bigint>;
}

/** The outputs of a graph by name. Throws where a result has not the dtype and shape that inference promised. */
export function run(graph: Graph, feeds: Readonly<Record<string, Feed>>): Record<string, HostTensor> {
  const fed = { ...feeds, ...graph.weights };
  const inputs = Object.entries(graph.inputs).map(([name, value]) => {
    const feed = fed[name];
    if (feed === undefined) throw new Error(`${graph.name}: input ${name} is not fed`);
    return host(value, feed);
  });
  const results = runInOrder(graph, inputs);
  return Object.fromEntries(Object.keys(graph.outputs).map((name, i) => [name, results[i]!]));
}

/** The outputs of a graph in order, from its inputs in order. */
function runInOrder(graph: Graph, inputs: readonly HostTensor[]): HostTensor[] {
  const known = new Map<unknown, readonly HostTensor[]>();
  Object.values(graph.inputs).forEach((value, i) => {
    known.set(value.producer, [promised(value, inputs[i]!, `input of ${graph.name}`)]);
  });
  const read = (value: Value): HostTensor => {
    const { producer } = value;
    return producer.kind === "constant" ? host(value, producer.tensor) : known.get(producer)![value.output]!;
  };
  for (const node of graphNodes(graph)) known.set(node, evaluate(node as NodeOf<OpType>, read));
  return Object.values(graph.outputs).map(read);
}

function evaluate<K extends OpType>(node: NodeOf<K>, read: (value: Value) => HostTensor): HostTensor[] {
  const inputs = (node.inputs as readonly (Value | undefined)[]).map((value) => value && read(value));
  const kernel: Kernel<K> = kernels[node.op];
  const results = kernel(inputs as unknown as Parameters<Kernel<K>>[0], node.attributes, runInOrder);
  return node.outputs.map((value, i) => promised(value, results[i]!, node.op));
}

function host({ dtype }: Value, { shape, data }: Feed): HostTensor {
  const read = dtype === "float16" ? fromHalf : (value: number) => element(dtype, value);
  return { dtype, shape, data: Array.from(data, (value) => read(Number(value))) };
}

/** The tensor, once it is what its value says; a named dimension can be any size. */
function promised(value: Value, tensor: HostTensor, subject: string): HostTensor {
  const fits =
    tensor.dtype === value.dtype &&
    tensor.shape.length === value.shape.length &&
    value.shape.every((dim, i) => typeof dim === "string" || dim === tensor.shape[i]);
  if (!fits) throw new Error(`${subject}: inference promised ${showType(value)}, got ${showType(tensor)}`);
  return tensor;
}
