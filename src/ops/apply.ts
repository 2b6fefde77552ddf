/** Applying an operator: its types are inferred, and where they can't be the error says who asked. */
import type { Float, Numeric } from "../ir/dtype.ts";
import { IsthmusError } from "../ir/error.ts";
import { origin } from "../ir/origin.ts";
import { scalar } from "../ir/tensor.ts";
import { constant, type Node, type NodeOf, type Value } from "../ir/value.ts";
import type { Attributes, Inputs, OpType } from "../ir/vocabulary.ts";
import { inference } from "./infer/table.ts";
import type { Infer } from "./infer/type.ts";

/** An operand of an elementwise operator: a value, or a number that becomes a constant of the other's dtype. */
export type Operand<D extends Numeric = Float> = Value<D> | number;

/** The outputs of one operator. Throws an `IsthmusError` with the caller's place where the inputs don't fit it. */
export function apply<K extends OpType>(
  op: K,
  inputs: Inputs<K>,
  attributes: Attributes<K>,
): readonly Value[] {
  const { path, place } = origin();
  try {
    const infer: Infer<K> = inference[op];
    const outputs: Value[] = [];
    const node: NodeOf<K> = { kind: "node", op, inputs, attributes, outputs, path, place };
    for (const [output, type] of infer(inputs, attributes, op).entries()) {
      outputs.push({ dtype: type.dtype, shape: type.shape, producer: node as unknown as Node, output });
    }
    return outputs;
  } catch (error) {
    if (error instanceof IsthmusError && error.place === undefined)
      throw new IsthmusError(error.message, place);
    throw error;
  }
}

/** The only output of an operator that has one. */
export function applyOne<K extends OpType>(op: K, inputs: Inputs<K>, attributes: Attributes<K>): Value {
  return apply(op, inputs, attributes)[0]!;
}

/** Both operands as values: a number takes the dtype of the other. */
export function promote<D extends Numeric>(a: Operand<D>, b: Operand<D>): [Value<D>, Value<D>] {
  if (typeof a === "number") {
    if (typeof b === "number")
      throw new IsthmusError(
        "two numbers need no graph: at least one operand must be a Value",
        origin().place,
      );
    return [constant(scalar(b.dtype, a)), b];
  }
  return [a, typeof b === "number" ? constant(scalar(a.dtype, b)) : b];
}
