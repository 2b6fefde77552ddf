/** Elementwise arithmetic, comparison and logic with NumPy's broadcasting. */
import { type DType, isFloat } from "../../../src/ir/dtype.ts";
import { erf } from "./erf.ts";
import type { Kernels } from "./kernel.ts";
import { broadcastAt, broadcastShape, element, generate, type HostTensor, wrap } from "./tensor.ts";

/** One element of the result for every element of the shape that all the tensors broadcast to. */
function zip(dtype: DType, tensors: readonly HostTensor[], f: (...values: number[]) => number): HostTensor[] {
  const shape = broadcastShape(...tensors.map((tensor) => tensor.shape));
  return [generate(dtype, shape, (index) => f(...tensors.map((tensor) => broadcastAt(tensor, index))))];
}

/** Integers go through bigint, so that their results are exact and wrap around. */
const arithmetic =
  (float: (a: number, b: number) => number, integer: (a: bigint, b: bigint) => bigint) =>
  ([a, b]: readonly [HostTensor, HostTensor]) =>
    zip(a.dtype, [a, b], (p, q) =>
      isFloat(a.dtype) ? float(p, q) : wrap(a.dtype, integer(BigInt(p), BigInt(q))),
    );

const comparison =
  (holds: (a: number, b: number) => boolean) =>
  ([a, b]: readonly [HostTensor, HostTensor]) =>
    zip("bool", [a, b], (p, q) => Number(holds(p, q)));

const map =
  (f: (x: number) => number) =>
  ([x]: readonly [HostTensor]) =>
    zip(x.dtype, [x], (value) => element(x.dtype, f(value)));

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
  | "StopGradient";

export const elementwise: Kernels<Elementwise> = {
  Add: arithmetic(
    (a, b) => a + b,
    (a, b) => a + b,
  ),
  Sub: arithmetic(
    (a, b) => a - b,
    (a, b) => a - b,
  ),
  Mul: arithmetic(
    (a, b) => a * b,
    (a, b) => a * b,
  ),
  // A quotient of bigints is truncated, as ONNX's is.
  Div: arithmetic(
    (a, b) => a / b,
    (a, b) => a / b,
  ),
  Pow: arithmetic(
    (a, b) => a ** b,
    (a, b) => a ** b,
  ),
  Max: ([a, b]) => zip(a.dtype, [a, b], Math.max),
  Min: ([a, b]) => zip(a.dtype, [a, b], Math.min),
  Equal: comparison((a, b) => a === b),
  Greater: comparison((a, b) => a > b),
  GreaterOrEqual: comparison((a, b) => a >= b),
  Less: comparison((a, b) => a < b),
  LessOrEqual: comparison((a, b) => a <= b),
  And: comparison((a, b) => a === 1 && b === 1),
  Or: comparison((a, b) => a === 1 || b === 1),
  Not: map((x) => 1 - x),
  Abs: map(Math.abs),
  Neg: map((x) => -x),
  Sign: map(Math.sign),
  Floor: map(Math.floor),
  Exp: map(Math.exp),
  Log: map(Math.log),
  Sqrt: map(Math.sqrt),
  Reciprocal: map((x) => 1 / x),
  Erf: map(erf),
  Where: ([condition, a, b]) => zip(a.dtype, [condition, a, b], (holds, p, q) => (holds ? p! : q!)),
  Clip: ([x, min, max]) => {
    const low = min?.data[0] ?? Number.NEGATIVE_INFINITY;
    const high = max?.data[0] ?? Number.POSITIVE_INFINITY;
    return zip(x.dtype, [x], (value) => Math.min(Math.max(value, low), high));
  },
  Cast: ([x], { to }) => zip(to, [x], (value) => element(to, value)),
  Identity: ([x]) => [x],
  StopGradient: ([x]) => [x],
};
