/** What shape inference works with: types of tensors, and checks that say what was expected. */
import type { DType } from "../../ir/dtype.ts";
import { fail } from "../../ir/error.ts";
import type { Shape } from "../../ir/shape.ts";
import type { Value } from "../../ir/value.ts";
import type { Attributes, Inputs, OpType } from "../../ir/vocabulary.ts";

/** The dtype and shape of one output. */
export interface Type {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** From an operator's inputs and attributes to the types of its outputs; throws where they don't fit. */
export type Infer<K extends OpType> = (
  inputs: Inputs<K>,
  attributes: Attributes<K>,
  op: K,
) => readonly Type[];

/** The inference of every operator of one family. */
export type Family<K extends OpType> = { readonly [Op in K]: Infer<Op> };

/** The dtype that all of these share. */
export function commonDType(op: OpType, values: readonly (Value | undefined)[]): DType {
  const dtypes = values.filter((value) => value !== undefined).map((value) => value.dtype);
  const [first = fail(op, "has no input"), ...rest] = dtypes;
  for (const dtype of rest) if (dtype !== first) fail(op, `dtypes differ: ${first} and ${dtype}`);
  return first;
}

export function requireDType(op: OpType, value: Value, allowed: readonly DType[]): void {
  if (!allowed.includes(value.dtype)) fail(op, `takes ${allowed.join(" or ")}, got ${value.dtype}`);
}

export function requireRank(
  op: OpType,
  value: { readonly shape: Shape },
  least: number,
  name = "input",
): void {
  if (value.shape.length < least)
    fail(op, `${name} needs at least ${least} dimensions, has [${value.shape.join(",")}]`);
}
