/** Samples of operators: inputs to draw and attributes to set, from which graphs are built to try an operator. */

import { Random } from "../../../src/data/random.ts";
import { arrayOf, type DType, isFloat } from "../../../src/ir/dtype.ts";
import { type Graph, graph } from "../../../src/ir/graph.ts";
import { type Tensors, tensor } from "../../../src/ir/tensor.ts";
import { input, showType, type Value } from "../../../src/ir/value.ts";
import type { Attributes, Inputs, OpType } from "../../../src/ir/vocabulary.ts";
import { apply } from "../../../src/ops/apply.ts";
import type { Draw } from "./draw.ts";

/** An input: its type, and how its elements are drawn. */
export interface InputSpec {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly draw: Draw;
}

type Specs<T extends readonly unknown[]> = {
  readonly [I in keyof T]: undefined extends T[I] ? InputSpec | undefined : InputSpec;
};

export interface Sample<K extends OpType> {
  readonly inputs: Specs<Inputs<K>>;
  readonly attributes: Attributes<K>;
  /** The inputs include a point without a derivative, or results that are not finite. */
  readonly kinked?: true;
}

export type NonEmpty<T> = readonly [T, ...T[]];

/** At least one sample for every operator of a family. */
export type Samples<K extends OpType> = { readonly [Op in K]: NonEmpty<Sample<Op>> };

/** A sample of any operator that takes one input (or two) and no attributes. */
export type Unary = {
  readonly inputs: readonly [InputSpec];
  readonly attributes: None;
  readonly kinked?: true;
};
export type Binary = { readonly inputs: readonly [InputSpec, InputSpec]; readonly attributes: None };
type None = Readonly<Record<never, never>>;

/** `map` of a list that is known not to be empty. */
export function map<A, B>([first, ...rest]: NonEmpty<A>, f: (value: A) => B): NonEmpty<B> {
  return [f(first), ...rest.map(f)];
}

/** A graph of one node, and tensors for its inputs `x0`, `x1`, …; its outputs are `y0`, `y1`, …. */
export interface Trial {
  readonly graph: Graph;
  readonly feeds: Tensors;
}

/**
 * The graph of a sample; the same sample and number always give the same tensors.
 *
 * @param number the sample's position among those of its operator
 * @param float the dtype that takes the place of every float's
 * @param prefix what the inputs' names begin with, where several samples are to be in one graph
 */
export function build<K extends OpType>(
  op: K,
  sample: Sample<K>,
  number: number,
  float?: "float64",
  prefix = "",
): Trial {
  const specs = sample.inputs as readonly (InputSpec | undefined)[];
  const inputs: Record<string, Value> = {};
  const feeds: Record<string, Tensors[string]> = {};
  const operands = specs.map((spec, i) => {
    if (spec === undefined) return undefined;
    const dtype = isFloat(spec.dtype) ? (float ?? spec.dtype) : spec.dtype;
    const size = spec.shape.reduce((a, b) => a * b, 1);
    const values = spec.draw(new Random(1, `${op}/${number}/${i}`), size);
    const name = `${prefix}x${i}`;
    feeds[name] = tensor(dtype, spec.shape, arrayOf(dtype, values));
    inputs[name] = input(name, dtype, spec.shape);
    return inputs[name];
  });
  const results = apply(op, operands as unknown as Inputs<K>, sample.attributes);
  const outputs = Object.fromEntries(results.map((value, i) => [`y${i}`, value]));
  return { graph: graph(op, inputs, outputs), feeds };
}

/** `Gemm float32[2,3] float32[3,4] – {"alpha":0.5}` */
export function title<K extends OpType>(op: K, { inputs, attributes }: Sample<K>): string {
  const types = (inputs as readonly (InputSpec | undefined)[]).map((spec) => (spec ? showType(spec) : "–"));
  const shown = JSON.stringify(attributes, (key, value) => (key === "body" ? value.name : value));
  return [op, ...types, ...(shown === "{}" ? [] : [shown])].join(" ");
}
