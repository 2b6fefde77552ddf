/** Elementwise operators; two operands broadcast as in NumPy, and a number stands for a scalar constant. */
import type { DType, Float, Numeric } from "../ir/dtype.ts";
import type { Value } from "../ir/value.ts";
import { applyOne, type Operand, promote } from "./apply.ts";

type Arithmetic = "Add" | "Sub" | "Mul" | "Div" | "Pow" | "Max" | "Min";
type Comparison = "Equal" | "Greater" | "GreaterOrEqual" | "Less" | "LessOrEqual";
type Logical = "And" | "Or";
type Function = "Exp" | "Log" | "Sqrt" | "Reciprocal" | "Erf" | "Floor";

const arithmetic =
  (op: Arithmetic) =>
  <D extends Numeric = Float>(a: Operand<D>, b: Operand<D>): Value<D> =>
    applyOne(op, promote(a, b), {}) as Value<D>;

const comparison =
  (op: Comparison) =>
  <D extends Numeric = Float>(a: Operand<D>, b: Operand<D>): Value<"bool"> =>
    applyOne(op, promote(a, b), {}) as Value<"bool">;

const logical =
  (op: Logical) =>
  (a: Value<"bool">, b: Value<"bool">): Value<"bool"> =>
    applyOne(op, [a, b], {}) as Value<"bool">;

const signed =
  (op: "Abs" | "Neg" | "Sign") =>
  <D extends Numeric>(x: Value<D>): Value<D> =>
    applyOne(op, [x], {}) as Value<D>;

const smooth =
  (op: Function) =>
  <D extends Float>(x: Value<D>): Value<D> =>
    applyOne(op, [x], {}) as Value<D>;

export const add = arithmetic("Add");
export const sub = arithmetic("Sub");
export const mul = arithmetic("Mul");
export const div = arithmetic("Div");
export const pow = arithmetic("Pow");
export const max = arithmetic("Max");
export const min = arithmetic("Min");
export const equal = comparison("Equal");
export const greater = comparison("Greater");
export const greaterOrEqual = comparison("GreaterOrEqual");
export const less = comparison("Less");
export const lessOrEqual = comparison("LessOrEqual");
export const and = logical("And");
export const or = logical("Or");
export const abs = signed("Abs");
export const neg = signed("Neg");
export const sign = signed("Sign");
export const exp = smooth("Exp");
export const log = smooth("Log");
export const sqrt = smooth("Sqrt");
export const reciprocal = smooth("Reciprocal");
export const erf = smooth("Erf");
export const floor = smooth("Floor");

/** True where `x` is false. */
export function not(x: Value<"bool">): Value<"bool"> {
  return applyOne("Not", [x], {}) as Value<"bool">;
}

/** x², as one product. */
export function square<D extends Numeric>(x: Value<D>): Value<D> {
  return mul<D>(x, x);
}

/** Elements of `a` where `condition` holds, of `b` elsewhere. */
export function where<D extends DType>(condition: Value<"bool">, a: Value<D>, b: Value<D>): Value<D> {
  return applyOne("Where", [condition, a, b], {}) as Value<D>;
}

/** `x` kept between `min` and `max`, either of which may be left out. */
export function clip<D extends Numeric>(
  x: Value<D>,
  min: Operand<D> | undefined,
  max: Operand<D> | undefined,
): Value<D> {
  const bound = (value: Operand<D> | undefined) => (value === undefined ? undefined : promote(value, x)[0]);
  return applyOne("Clip", [x, bound(min), bound(max)], {}) as Value<D>;
}

/** `x` converted to another dtype; floats lose their fraction on the way to integers, and `bool` is `x ≠ 0`. */
export function cast<D extends DType>(x: Value, to: D): Value<D> {
  return applyOne("Cast", [x], { to }) as Value<D>;
}

/** `x` under another name. */
export function identity<D extends DType>(x: Value<D>): Value<D> {
  return applyOne("Identity", [x], {}) as Value<D>;
}

/**
 * `x`, taken for a constant by `grad`; an `Identity` in the file. `z + stopGradient(q − z)` is a q whose gradient goes to
 * z: the straight-through estimator (Bengio et al. 2013; van den Oord et al. 2017, §3.2).
 */
export function stopGradient<D extends Float>(x: Value<D>): Value<D> {
  return applyOne("StopGradient", [x], {}) as Value<D>;
}
