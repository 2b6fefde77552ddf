/**
 * What others say in words that the vocabulary lacks, or in more forms than it has: for every such operator of opset 11
 * to 21 what it amounts to. Everything else is of the vocabulary and read as it stands.
 */
import { type Float, isFloat } from "../../ir/dtype.ts";
import { fail } from "../../ir/error.ts";
import { axisOf } from "../../ir/shape.ts";
import { constantOf, type Value } from "../../ir/value.ts";
// biome-ignore format: a page of names is no easier to read one a line
import {
  abs, add, cast, clip, div, elu, exp, floor, gelu, globalAveragePool, greater, identity, log, logSoftmax, mul, neg,
  pow, reciprocal, reduceMax, reduceSum, reshape, reshapeTarget, softmax, softplus, sqrt, square, tanh, where,
} from "../../ops/index.ts";
import type { Foreign } from "./foreign.ts";
import {
  constantOfShape,
  depthToSpace,
  expandTo,
  flatten,
  pad,
  reshape as reshapeOf,
  spaceToDepth,
  split,
} from "./movement.ts";
import {
  batchNormalization,
  groupNormalization,
  instanceNormalization,
  layerNormalization,
} from "./normalization.ts";
import { resize } from "./resize.ts";
import { averagePool, conv, convTranspose, globalPool, maxPool } from "./window.ts";

type Floats = Value<Float>;
export type Lowering = (node: Foreign) => Value | readonly Value[];

/** The same function of the only input. */
const of =
  (build: (x: Floats, node: Foreign) => Value): Lowering =>
  (node) =>
    build(node.input(), node);

/** Selu's constants (Klambauer et al. 2017). */
const selu = { alpha: 1.6732632423543772, gamma: 1.0507009873554805 };

const hardSigmoid = (x: Floats, alpha: number, beta: number) => clip(add(mul(x, alpha), beta), 0, 1);

// biome-ignore format: a table, one row an operator
export const lowerings: Readonly<Record<string, Lowering>> = {
  // Nothing is dropped where a model is used or fine-tuned as it infers
  Dropout: of((x, node) => { node.ignore("ratio", "seed"); return unmasked(x, node); }),

  // Activations
  HardSigmoid: of((x, node) => hardSigmoid(x, node.float("alpha", 0.2), node.float("beta", 0.5))),
  HardSwish: of((x) => mul(x, hardSigmoid(x, 1 / 6, 0.5))),
  PRelu: of((x, node) => where(greater(x, 0), x, mul(x, node.input(1)))),
  ThresholdedRelu: of((x, node) => mul(x, cast(greater(x, node.float("alpha", 1)), x.dtype))),
  Selu: of((x, node) => mul(elu(x, node.float("alpha", selu.alpha)), node.float("gamma", selu.gamma))),
  Celu: of((x, node) => { const alpha = node.float("alpha", 1); return mul(elu(div(x, alpha)), alpha); }),
  Gelu: of((x, node) => (node.text("approximate", "none") === "tanh" ? geluByTanh(x) : gelu(x))),
  Mish: of((x) => mul(x, tanh(softplus(x)))),
  Softsign: of((x) => div(x, add(abs(x), 1))),
  Softmax: of((x, node) => softmaxOf(x, node, softmax)),
  LogSoftmax: of((x, node) => softmaxOf(x, node, logSoftmax)),

  // Elementwise
  Ceil: of((x) => neg(floor(neg(x)))),
  Sum: (node) => sumOf(node),
  Mean: (node) => div(sumOf(node) as Floats, node.counts.inputs),
  Pow: of(power),
  Clip: of((x, node) => clip(x, bound(node, 1, "min"), bound(node, 2, "max"))),

  // Normalisations
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
  InstanceNormalization: instanceNormalization,
  GroupNormalization: groupNormalization,
  LpNormalization: of((x, node) => div(x, norm(x, node.int("p", 2), node.int("axis", -1)))),

  // Windows
  Conv: conv,
  ConvTranspose: convTranspose,
  MaxPool: maxPool,
  AveragePool: averagePool,
  GlobalMaxPool: (node) => globalPool(node, reduceMax),
  GlobalAveragePool: of((x) => globalAveragePool(x)),
  Resize: resize,

  // Movement
  Reshape: reshapeOf,
  Expand: expandTo,
  Flatten: flatten,
  Pad: pad,
  Split: split,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
  ConstantOfShape: constantOfShape,

  // Reductions
  ReduceL1: reduction((x, axes, options) => reduceSum(abs(x), axes, options)),
  ReduceL2: reduction((x, axes, options) => sqrt(reduceSum(square(x), axes, options))),
  ReduceSumSquare: reduction((x, axes, options) => reduceSum(square(x), axes, options)),
  ReduceLogSum: reduction((x, axes, options) => log(reduceSum(x, axes, options))),
  ReduceLogSumExp: reduction((x, axes, options) => log(reduceSum(exp(x), axes, options))),
};

/** Gelu's approximation (Hendrycks & Gimpel 2016, §2). */
function geluByTanh(x: Floats): Floats {
  const cubic = add(x, mul(mul(square(x), x), 0.044715));
  return mul(mul(x, 0.5), add(tanh(mul(cubic, Math.sqrt(2 / Math.PI))), 1));
}

function norm(x: Floats, p: number, axis: number): Floats {
  return p === 1
    ? reduceSum(abs(x), [axis], { keepDims: true })
    : sqrt(reduceSum(square(x), [axis], { keepDims: true }));
}

function unmasked(x: Floats, node: Foreign): Value {
  if (node.counts.outputs > 1) fail(node.op, "its second output (mask) is not supported");
  if (node.has(2) && node.numbers(2)?.[0] !== 0)
    fail(node.op, "is in training mode, which is not supported: export the model in evaluation mode");
  return identity(x);
}

/** Before opset 13 over all axes from `axis` on as one. */
function softmaxOf(x: Floats, node: Foreign, apply: (x: Floats, axis: number) => Floats): Value {
  const axis = node.int("axis", node.opset < 13 ? 1 : -1);
  const at = axisOf(node.op, axis, x.shape.length);
  if (node.opset >= 13 || at === x.shape.length - 1) return apply(x, axis);
  const flat = reshape(x, [...x.shape.slice(0, at).map(() => 0), -1]);
  return reshape(apply(flat, -1), reshapeTarget(x.shape));
}

function sumOf(node: Foreign): Value {
  return Array.from({ length: node.counts.inputs }, (_, i) => node.input(i)).reduce((a, b) => add(a, b));
}

/** x to a constant power as products and roots where it is one; Pow's own gradient takes logarithms. */
function power(x: Floats, node: Foreign): Value {
  const exponent = node.input(1);
  const isScalar = exponent.shape.every((size) => size === 1) && exponent.shape.length <= x.shape.length;
  // A weight of one element is a parameter, a scalar none.
  const isFixed = exponent.shape.length === 0 ? !node.isComputed(1) : constantOf(exponent) !== undefined;
  const value = isScalar && isFixed ? node.numbers(1)![0] : undefined;
  if (value === 2) return square(x);
  if (value === 3) return mul(square(x), x);
  if (value === 1) return identity(x);
  if (value === 0.5) return sqrt(x);
  if (value === -0.5) return reciprocal(sqrt(x));
  if (value === -1) return reciprocal(x);
  return pow(x, exponent.dtype === x.dtype ? exponent : cast(exponent, x.dtype));
}

/** A bound of Clip: a number where the file has a constant or an initializer, which no gradient moves. */
function bound(node: Foreign, i: number, name: string): Floats | number | undefined {
  if (!node.has(i)) return undefined;
  const value = node.input(i);
  if (value.shape.length > 0) fail(node.op, `its ${name} must be a scalar`);
  return node.isComputed(i) ? value : node.numbers(i)![0];
}

function reduction(
  build: (x: Floats, axes: readonly number[], options: { keepDims: boolean }) => Value,
): Lowering {
  return (node) => {
    const x = node.input();
    const axes = node.axes(1) ?? [];
    const isNothing = node.int("noop_with_empty_axes", 0) !== 0;
    if (axes.length === 0 && isNothing)
      fail(node.op, "attribute noop_with_empty_axes=1 without axes is not supported");
    const keepDims = node.int("keepdims", 1) !== 0;
    return build(
      isFloat(x.dtype) ? x : cast(x, "float32"),
      axes.length === 0 ? x.shape.map((_, i) => i) : axes,
      { keepDims },
    );
  };
}
