/**
 * The calculus: for every operator, from the cotangent `dy` of its first output the cotangent of each input.
 *
 * `null` says that the derivative is zero. A cotangent may still be broadcast (`Add` returns `dy` for both inputs):
 * `grad` sums it to the input's shape, here it is left out. Only standard operators appear, so that the result runs
 * on every provider; what nobody asks for is never emitted, since nothing refers to it. A cotangent that needs more
 * than the others do, such as a batch of known size, is made only where `wants` says that its input leads to one asked for.
 */
import type { Float, Numeric } from "../ir/dtype.ts";
import { fail } from "../ir/error.ts";
import { scalar } from "../ir/tensor.ts";
import { constant, type NodeOf, type Value } from "../ir/value.ts";
import type { Inputs, OpType } from "../ir/vocabulary.ts";
// biome-ignore format: a page of names is no easier to read one a line
import {
  add, and, cast, div, equal, exp, gatherElements, gemm, greater, greaterOrEqual, less, lessOrEqual, log, matMul, mul, neg, pad,
  pow, reduceSum, reshape, reshapeTarget, scatterElements, sigmoid, sign, square, squeeze, sub, swapAxes, transpose,
  unsqueeze, where,
} from "../ops/index.ts";
import { gatherAdjoint, part, sliceAdjoint } from "./indexing.ts";
import { shareOfEqual, spread, spreadMean, zerosLike } from "./spread.ts";
import {
  averagePoolAdjoint,
  channelSum,
  convAdjoint,
  convKernelAdjoint,
  convTransposeAdjoint,
  maxPoolAdjoint,
} from "./window.ts";

/** One cotangent an input, in the inputs' order: a row with one too few does not compile. */
type Cotangents<I extends readonly unknown[]> = { readonly [P in keyof I]: Value | null };
export type Rule<K extends OpType> = (
  dy: Value<Float>,
  node: NodeOf<K>,
  y: Value<Float>,
  wants: (input: number) => boolean,
) => Cotangents<Inputs<K>>;

/** `dy` where the condition holds, 0 elsewhere. */
const only = (condition: Value<"bool">, dy: Value<Float>) => where(condition, dy, zerosLike(dy));

/** b·aᵇ⁻¹, and 0 where both are. */
function powSlope(a: Value<Numeric>, b: Value<Numeric>): Value<Numeric> {
  const isOne = and(equal(a, 0), equal(b, 0));
  return mul(b, pow(a, where(isOne, b, sub(b, 1))));
}

/** log a, and 0 where aᵇ is 0 or 1 for any b near by: at a = 0 for b ≥ 0. */
function powLog(a: Value<Numeric>, b: Value<Numeric>): Value<Float> {
  const isFlat = and(equal(a, 0), greaterOrEqual(b, 0));
  return log(where(isFlat, constant(scalar(a.dtype, 1)), a) as Value<Float>);
}

// biome-ignore format: a table, one row an operator
export const rules: { readonly [K in OpType]: Rule<K> | null } = {
  // Elementwise
  Add: (dy) => [dy, dy],
  Sub: (dy) => [dy, neg(dy)],
  Mul: (dy, { inputs: [a, b] }) => [mul(dy, b), mul(dy, a)],
  Div: (dy, { inputs: [, b] }, y) => [div(dy, b), neg(div(mul(dy, y), b))],
  Pow: (dy, { inputs: [a, b] }, y) => [mul(dy, powSlope(a, b)), mul(dy, mul(y, powLog(a, b)))],
  Max: (dy, { inputs: [a, b] }) => [only(greaterOrEqual(a, b), dy), only(less(a, b), dy)],
  Min: (dy, { inputs: [a, b] }) => [only(lessOrEqual(a, b), dy), only(greater(a, b), dy)],
  Abs: (dy, { inputs: [x] }) => [mul(dy, sign(x))],
  Neg: (dy) => [neg(dy)],
  Exp: (dy, _, y) => [mul(dy, y)],
  Log: (dy, { inputs: [x] }) => [div(dy, x)],
  Sqrt: (dy, _, y) => [div(dy, mul(y, 2))],
  Reciprocal: (dy, _, y) => [neg(mul(dy, square(y)))],
  Erf: (dy, { inputs: [x] }) => [mul(dy, mul(exp(neg(square(x))), 2 / Math.sqrt(Math.PI)))],
  Where: (dy, { inputs: [condition] }) => [null, only(condition, dy), where(condition, zerosLike(dy), dy)],
  Clip: (dy, { inputs: [x, low, high] }) => {
    const below = low && less(x, low);
    const above = high && greater(x, high);
    const kept = below ? where(below, zerosLike(dy), dy) : dy;
    return [above ? where(above, zerosLike(dy), kept) : kept, below ? only(below, dy) : null, above ? only(above, dy) : null];
  },
  Cast: (dy, { inputs: [x] }) => [cast(dy, x.dtype)],
  Identity: (dy) => [dy],
  Sign: null, Floor: null, Equal: null, Greater: null, GreaterOrEqual: null, Less: null, LessOrEqual: null,
  And: null, Or: null, Not: null, StopGradient: null,

  // Activations
  Relu: (dy, _, y) => [mul(dy, sign(y))],
  LeakyRelu: (dy, { inputs: [x], attributes: { alpha } }) => [where(greater(x, 0), dy, mul(dy, alpha))],
  Elu: (dy, { inputs: [x], attributes: { alpha } }, y) => [where(greater(x, 0), dy, mul(dy, add(y, alpha)))],
  Sigmoid: (dy, _, y) => [mul(dy, mul(y, sub(1, y)))],
  Tanh: (dy, _, y) => [mul(dy, sub(1, square(y)))],
  Softplus: (dy, { inputs: [x] }) => [mul(dy, sigmoid(x))],
  Softmax: (dy, { attributes: { axis } }, y) => [mul(y, sub(dy, reduceSum(mul(dy, y), [axis], { keepDims: true })))],
  LogSoftmax: (dy, { attributes: { axis } }, y) => [sub(dy, mul(exp(y), reduceSum(dy, [axis], { keepDims: true })))],

  // Products and windows
  MatMul: (dy, { inputs: [a, b] }) => [matMul(dy, swapAxes(b)), matMul(swapAxes(a), dy)],
  Gemm: (dy, { inputs: [a, b, c], attributes: { alpha, beta, transA, transB } }) => [
    transA
      ? gemm(b, dy, undefined, { alpha, transA: transB === 1, transB: true })
      : gemm(dy, b, undefined, { alpha, transB: transB === 0 }),
    transB
      ? gemm(dy, a, undefined, { alpha, transA: true, transB: transA === 1 })
      : gemm(a, dy, undefined, { alpha, transA: transA === 0 }),
    c ? (beta === 1 ? dy : mul(dy, beta)) : null,
  ],
  Conv: (dy, { inputs: [x, w, b], attributes }, _, wants) => [
    convAdjoint(dy, w, x.shape, attributes),
    wants(1) ? convKernelAdjoint(x, dy, w.shape, attributes) : null,
    b ? channelSum(dy) : null,
  ],
  ConvTranspose: (dy, { inputs: [x, w, b], attributes }, _, wants) => [
    convTransposeAdjoint(dy, w, x.shape, attributes),
    wants(1) ? convKernelAdjoint(dy, x, w.shape, attributes) : null,
    b ? channelSum(dy) : null,
  ],
  MaxPool: (dy, { inputs: [x], attributes }, y) => [maxPoolAdjoint(dy, x, y, attributes)],
  AveragePool: (dy, { inputs: [x], attributes }) => [averagePoolAdjoint(dy, x.shape, attributes)],
  // What is quantised has been trained: its scales are no parameters
  QuantizeLinear: null, DequantizeLinear: null, DynamicQuantizeLinear: null, MatMulInteger: null,
  GlobalAveragePool: (dy, { inputs: [x] }) => [spreadMean(dy, x, x.shape.map((_, i) => i).slice(2), 1)],

  // Movement
  Reshape: (dy, { inputs: [x] }) => [reshape(dy, reshapeTarget(x.shape))],
  Transpose: (dy, { attributes: { perm } }) => [transpose(dy, perm.map((_, axis) => perm.indexOf(axis)))],
  Concat: (dy, { inputs, attributes: { axis } }) => inputs.map((_, i) => part(dy, inputs, i, axis)),
  Slice: (dy, { inputs: [x], attributes }) => [sliceAdjoint(dy, x.shape, attributes)],
  Expand: (dy) => [dy],
  Pad: (dy, { attributes: { pads } }) => [pad(dy, pads.map((count) => -count))],
  Squeeze: (dy, { attributes: { axes } }) => [unsqueeze(dy, axes)],
  Unsqueeze: (dy, { attributes: { axes } }) => [squeeze(dy, axes)],

  // Reductions and choice
  ReduceSum: (dy, { inputs: [x], attributes: { axes, keepdims } }) => [spread(dy, x, axes, keepdims)],
  ReduceMean: (dy, { inputs: [x], attributes: { axes, keepdims } }) => [spreadMean(dy, x, axes, keepdims)],
  ReduceMax: (dy, { inputs: [x], attributes: { axes, keepdims } }, y) => [shareOfEqual(dy, x, y, axes, keepdims)],
  ReduceMin: (dy, { inputs: [x], attributes: { axes, keepdims } }, y) => [shareOfEqual(dy, x, y, axes, keepdims)],
  ArgMax: null,
  TopK: (dy, { inputs: [x], outputs: [, indices], attributes: { axis } }) => [
    scatterElements(zerosLike(dy, x.shape), indices as Value<"int64">, dy, axis),
  ],
  Gather: (dy, { inputs: [x, indices], attributes: { axis } }) => [gatherAdjoint(dy, x.shape, indices, axis), null],
  GatherElements: (dy, { inputs: [x, indices], attributes: { axis } }) => [
    scatterElements(zerosLike(dy, x.shape), indices, dy, axis, "add"),
    null,
  ],
  ScatterElements: (dy, { inputs: [, indices, updates], attributes: { axis, reduction } }) => [
    reduction === "add" ? dy : scatterElements(dy, indices, zerosLike(dy, updates.shape), axis),
    null,
    gatherElements(dy, indices, axis),
  ],
  Scan: (_, { place }) => fail("grad", "a Scan is not differentiated through: take the gradients inside its body", place),
};
