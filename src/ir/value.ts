/** Values, and the three things that produce one: a graph's input, a constant, and a node. */
import type { DType } from "./dtype.ts";
import type { Shape } from "./shape.ts";
import type { Tensor } from "./tensor.ts";
import type { Attributes, Inputs, OpType } from "./vocabulary.ts";

/** An immutable tensor-to-be: its element type, its shape, and what produces it. */
export interface Value<D extends DType = DType> {
  readonly dtype: D;
  readonly shape: Shape;
  readonly producer: Producer;
  /** Which of the producer's outputs it is. */
  readonly output: number;
}

export type Producer = Input | Constant | Node;

/** A named input of a graph; once a tensor is bound to its name, a weight of it. */
export interface Input {
  readonly kind: "input";
  readonly name: string;
}

export interface Constant {
  readonly kind: "constant";
  readonly tensor: Tensor;
}

/** One application of an operator. */
export interface NodeOf<K extends OpType> {
  readonly kind: "node";
  readonly op: K;
  readonly inputs: Inputs<K>;
  readonly attributes: Attributes<K>;
  /** Its results, in ONNX's order. */
  readonly outputs: readonly Value[];
  /** Which part of the model it belongs to, such as `encoder/hidden.0`; only its name depends on it. */
  readonly path: string;
  /** The line of the caller's code that built it, where known. */
  readonly place: string | undefined;
}

/** A node of any operator; `op` discriminates its inputs and attributes. */
export type Node = { [K in OpType]: NodeOf<K> }[OpType];

/** An input of a graph: its name, and what will be fed. */
export function input<D extends DType>(name: string, dtype: D, shape: Shape): Value<D> {
  return { dtype, shape, producer: { kind: "input", name }, output: 0 };
}

/** A tensor that is part of the graph itself. */
export function constant<D extends DType>(tensor: Tensor<D>): Value<D> {
  return { dtype: tensor.dtype, shape: tensor.shape, producer: { kind: "constant", tensor }, output: 0 };
}

/** The tensor behind a constant; undefined for anything else. */
export function constantOf(value: Value): Tensor | undefined {
  return value.producer.kind === "constant" ? value.producer.tensor : undefined;
}

/** The inputs of a node that are there, in order. */
export function operands(node: Node): Value[] {
  return (node.inputs as readonly (Value | undefined)[]).filter((value) => value !== undefined);
}

/** `float32[batch,784]` */
export function showType(value: { dtype: DType; shape: Shape }): string {
  return `${value.dtype}[${value.shape.join(",")}]`;
}
