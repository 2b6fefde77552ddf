/** Types of elementwise operators and activations: the broadcast shape, or the input's own. */
import type { DType } from "../../ir/dtype.ts";
import { fail } from "../../ir/error.ts";
import { axisOf, broadcast, showShape } from "../../ir/shape.ts";
import type { Value } from "../../ir/value.ts";
import type { OpType } from "../../ir/vocabulary.ts";
import { commonDType, type Family, requireDType, type Type } from "./type.ts";

const float: readonly DType[] = ["float32", "float64"];
const numeric: readonly DType[] = [...float, "int8", "uint8", "int32", "int64"];
const logical: readonly DType[] = ["bool"];

const binary =
  (allowed: readonly DType[], result?: DType) =>
  ([a, b]: readonly [Value, Value], _attributes: unknown, op: OpType): Type[] => {
    const dtype = commonDType(op, [a, b]);
    requireDType(op, a, allowed);
    return [{ dtype: result ?? dtype, shape: broadcast(op, a.shape, b.shape) }];
  };

const unary =
  (allowed: readonly DType[]) =>
  ([x]: readonly [Value], _attributes: unknown, op: OpType): Type[] => {
    requireDType(op, x, allowed);
    return [{ dtype: x.dtype, shape: x.shape }];
  };

const alongAxis = ([x]: readonly [Value], { axis }: { readonly axis: number }, op: OpType): Type[] => {
  requireDType(op, x, float);
  axisOf(op, axis, x.shape.length);
  return [{ dtype: x.dtype, shape: x.shape }];
};

type Elementwise =
  | "Add"
  | "Sub"
  | "Mul"
  | "Div"
  | "Pow"
  | "Max"
  | "Min"
  | "Equal"
  | "Greater"
  | "GreaterOrEqual"
  | "Less"
  | "LessOrEqual"
  | "And"
  | "Or"
  | "Not"
  | "Abs"
  | "Neg"
  | "Sign"
  | "Floor"
  | "Exp"
  | "Log"
  | "Sqrt"
  | "Reciprocal"
  | "Erf"
  | "Where"
  | "Clip"
  | "Cast"
  | "Identity"
  | "StopGradient"
  | "Relu"
  | "LeakyRelu"
  | "Elu"
  | "Sigmoid"
  | "Tanh"
  | "Softplus"
  | "Softmax"
  | "LogSoftmax";

export const elementwise: Family<Elementwise> = {
  Add: binary(numeric),
  Sub: binary(numeric),
  Mul: binary(numeric),
  Div: binary(numeric),
  Pow: binary(numeric),
  Max: binary(numeric),
  Min: binary(numeric),
  Equal: binary([...numeric, "bool"], "bool"),
  Greater: binary(numeric, "bool"),
  GreaterOrEqual: binary(numeric, "bool"),
  Less: binary(numeric, "bool"),
  LessOrEqual: binary(numeric, "bool"),
  And: binary(logical),
  Or: binary(logical),
  Not: unary(logical),
  Abs: unary(numeric),
  Neg: unary(numeric),
  Sign: unary(numeric),
  Floor: unary(float),
  Exp: unary(float),
  Log: unary(float),
  Sqrt: unary(float),
  Reciprocal: unary(float),
  Erf: unary(float),
  Identity: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
  StopGradient: unary(float),
  Cast: ([x], { to }) => [{ dtype: to, shape: x.shape }],
  Where: ([condition, a, b], _, op) => {
    requireDType(op, condition, logical);
    const shape = broadcast(op, condition.shape, broadcast(op, a.shape, b.shape));
    return [{ dtype: commonDType(op, [a, b]), shape }];
  },
  Clip: ([x, min, max], _, op) => {
    for (const bound of [min, max]) {
      if (bound && bound.shape.length > 0) fail(op, `a bound must be a scalar, is ${showShape(bound.shape)}`);
    }
    return [{ dtype: commonDType(op, [x, min, max]), shape: x.shape }];
  },
  Relu: unary(float),
  LeakyRelu: unary(float),
  Elu: unary(float),
  Sigmoid: unary(float),
  Tanh: unary(float),
  Softplus: unary(float),
  Softmax: alongAxis,
  LogSoftmax: alongAxis,
};
