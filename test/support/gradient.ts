/** Gradients from `grad` held against central differences, both in float64 by the reference interpreter. */
import { grad } from "../../src/autodiff/grad.ts";
import { Random } from "../../src/data/random.ts";
import { arrayOf, type Float, isFloat } from "../../src/ir/dtype.ts";
import { type Graph, graph, type Values } from "../../src/ir/graph.ts";
import { sizeOf, tensor } from "../../src/ir/tensor.ts";
import { constant, showType, type Value } from "../../src/ir/value.ts";
import type { OpType } from "../../src/ir/vocabulary.ts";
import { mul, reduceSum } from "../../src/ops/index.ts";
import { difference } from "./difference.ts";
import { type Feed, type HostTensor, run } from "./interpreter/interpreter.ts";
import { build, type Trial } from "./samples/sample.ts";
import type { Case } from "./samples/samples.ts";

type Feeds = Readonly<Record<string, Feed>>;

/** A loss over one sample, and the float inputs to differentiate it in. */
export interface Differentiable extends Trial {
  readonly loss: Value<Float>;
  readonly wrt: Values;
}

/** Σ y ⊙ r with fixed random r: a loss that tells the components of `y` apart. */
export function weighted<D extends Float>(y: Value<D>): Value<D> {
  const random = new Random(7, "weights");
  const shape = y.shape as readonly number[];
  const numbers = Array.from({ length: sizeOf(shape) }, () => random.normal());
  return reduceSum(mul<D>(y, constant(tensor(y.dtype, shape, arrayOf(y.dtype, numbers)))));
}

/** What `grad` refuses, or is told to leave alone. */
const ungraded: ReadonlySet<OpType> = new Set<OpType>([
  ...(["Scan", "StopGradient"] as const),
  ...(["QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "MatMulInteger"] as const),
]);

/** A loss on a sample's first output; undefined where no float depends smoothly on a float, or `grad` is told to stop. */
export function differentiable(
  { op, sample, number }: Case,
  float?: "float64",
  prefix?: string,
): Differentiable | undefined {
  if (ungraded.has(op) || sample.kinked) return undefined;
  const trial = build(op, sample, number, float, prefix);
  const wrt = Object.entries(trial.graph.inputs).filter(([, { dtype }]) => isFloat(dtype));
  const y = trial.graph.outputs.y0 as Value<Float>;
  if (!isFloat(y.dtype) || wrt.length === 0) return undefined;
  return { ...trial, loss: weighted(y), wrt: Object.fromEntries(wrt) };
}

/** The graph that computes the gradient of a loss in each of `wrt`, under its name with a `d` before it. */
export function gradientGraph(loss: Value, inputs: Values, wrt: Values): Graph {
  const results = grad(loss, Object.values(wrt));
  return graph(
    "gradients",
    inputs,
    Object.fromEntries(Object.keys(wrt).map((name, i) => [`d${name}`, results[i]!])),
  );
}

/** The gradient of a loss in each of `wrt`, computed. */
export function gradients(
  loss: Value,
  inputs: Values,
  wrt: Values,
  feeds: Feeds,
): Record<string, HostTensor> {
  const results = run(gradientGraph(loss, inputs, wrt), feeds);
  return Object.fromEntries(Object.keys(wrt).map((name) => [name, results[`d${name}`]!]));
}

const step = 1e-5;

/** (f(x + h) − f(x − h)) / 2h for every element of one input. */
function centralDifferences(loss: Value, inputs: Values, name: string, feeds: Feeds): number[] {
  const { shape, data } = feeds[name]!;
  const f = graph("loss", inputs, { loss });
  const point = Array.from(data, Number);
  const at = (i: number, x: number) => {
    const { loss } = run(f, { ...feeds, [name]: { shape, data: point.with(i, x) } });
    return loss!.data[0]!;
  };
  return point.map((x, i) => (at(i, x + step) - at(i, x - step)) / (2 * step));
}

/**
 * The largest difference between computed and numerical gradients over all of `wrt`, some of the inputs, in units
 * of the largest component (at least 1). Throws where a gradient has not its input's dtype and shape.
 */
export function gradientError(loss: Value, inputs: Values, wrt: Values, feeds: Feeds): number {
  const computed = gradients(loss, inputs, wrt, feeds);
  const errors = Object.entries(wrt).map(([name, value]) => {
    const gradient = computed[name]!;
    if (showType(gradient) !== showType(value))
      throw new Error(`the gradient of ${name}, ${showType(value)}, is ${showType(gradient)}`);
    return difference(gradient.data, centralDifferences(loss, inputs, name, feeds));
  });
  return Math.max(0, ...errors);
}
