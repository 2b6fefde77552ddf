/** What computes one operator in the reference interpreter. */
import type { Graph } from "../../../src/ir/graph.ts";
import type { Attributes, Inputs, OpType } from "../../../src/ir/vocabulary.ts";
import type { HostTensor } from "./tensor.ts";

type Hosted<T extends readonly unknown[]> = {
  readonly [I in keyof T]: undefined extends T[I] ? HostTensor | undefined : HostTensor;
};

/** Runs a graph on tensors given in the order of its inputs; the loop needs it. */
export type RunBody = (graph: Graph, inputs: readonly HostTensor[]) => HostTensor[];

/** From an operator's input tensors and attributes to its output tensors. */
export type Kernel<K extends OpType> = (
  inputs: Hosted<Inputs<K>>,
  attributes: Attributes<K>,
  run: RunBody,
) => readonly HostTensor[];

/** The kernels of one family of operators. */
export type Kernels<K extends OpType> = { readonly [Op in K]: Kernel<Op> };
