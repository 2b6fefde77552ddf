/**
 * Layers in eight bits (Jacob et al. 2018, §2): weights as uint8 with a scale for every channel of the output, a quarter
 * of the bytes, and products of integers where ONNX Runtime's are worth it.
 *
 * Weights are centred on 128 and not int8: the products of uint8 by int8 overflow 16 bits on x86 without VNNI, those of
 * uint8 by uint8 are exact everywhere, and still no slower than float32's. Two ways for what a layer is fed with:
 *
 * - dynamic: `DynamicQuantizeLinear` finds the range of every batch, `MatMulInteger` does the product. What an image
 *   gives depends a little on the others in its batch. Convolutions stay float32, by weights that are made floats when a
 *   model is opened: `ConvInteger` is no faster than `Conv` (21.7 ms for 20.3 at 64 images, 32 → 64 filters of 4 × 4 and
 *   stride 2), and transposed there is none.
 * - static: ranges are known from images, and written as `QuantizeLinear`, `DequantizeLinear` before float32 layers,
 *   which is what runtimes take for a quantised model and fuse into `QGemm` and `QLinearConv`.
 */
import { fail } from "../ir/error.ts";
import { bind, type Graph, graph } from "../ir/graph.ts";
import { within } from "../ir/origin.ts";
import { scalar, type Tensor } from "../ir/tensor.ts";
import { constant, input, type Value } from "../ir/value.ts";
import { applyOne } from "../ops/apply.ts";
// biome-ignore format: one list of names
import {
  add, cast, dequantizeLinear, dynamicQuantizeLinear, gemm, matMulInteger, max, min, mul, quantizeLinear, reduceMax,
  reduceMin, reshape, sub, transpose,
} from "../ops/index.ts";
import { type Instead, inline } from "./inline.ts";
import {
  biasIntegers,
  CENTRE,
  centres,
  leastStep,
  type Range,
  stepsOver,
  weightIntegers,
} from "./integer.ts";
import { type Layer, layersOf } from "./layer.ts";
import { simplify } from "./simplify.ts";

type Floats = Value<"float32">;
type Bytes = Value<"uint8">;

/** The least and the largest element of what each layer is fed with, by the name of its weights. */
export type Ranges = Readonly<Record<string, Range>>;

/** A graph of the same inputs that gives those of each layer as two scalars, `<weight>.low` and `<weight>.high`. */
export function rangesOf(given: Graph): Graph {
  const outputs: Record<string, Floats> = {};
  const widen = (name: string, of: Floats, pick: (a: Floats, b: Floats) => Floats) => {
    outputs[name] = outputs[name] === undefined ? of : pick(outputs[name], of);
  };
  for (const { node, weight } of layersIn(given)) {
    const x = node.inputs[0] as Floats;
    widen(`${weight}.low`, reduceMin(x), min);
    widen(`${weight}.high`, reduceMax(x), max);
  }
  return bind(graph("ranges", given.inputs, outputs), given.weights);
}

function layersIn(given: Graph): readonly Layer[] {
  const layers = layersOf(given);
  return layers.length > 0 ? layers : fail(given.name, "has no layer whose weights could be integers");
}

/**
 * The same graph with the weights of its layers as uint8: each within half a step, the largest magnitude in its channel
 * / 127. All else stays float32. With the ranges of what layers are fed with it is static, without them dynamic. Throws
 * where there are no layers, or the range of one is missing.
 */
export function quantise(given: Graph, ranges?: Ranges): Graph {
  const layers = layersIn(given);
  const inputs: Record<string, Value> = { ...given.inputs };
  const values: Record<string, Value> = { ...given.inputs };
  const weights: Record<string, Tensor> = { ...given.weights };
  const store = <D extends "uint8" | "int32" | "float32">(name: string, tensor: Tensor<D>): Value<D> => {
    const value = input(name, tensor.dtype, tensor.shape);
    inputs[name] = value;
    weights[name] = tensor;
    return value;
  };
  const stepsInto = ({ weight }: Layer) => {
    if (ranges === undefined) return undefined;
    return stepsOver(
      ranges[weight] ?? fail(given.name, `the range of what ${weight} multiplies is not known`),
    );
  };
  for (const layer of new Map(layers.map((layer) => [layer.weight, layer])).values()) {
    const { weight, bias, channels } = layer;
    const into = stepsInto(layer);
    const added = into && bias ? (given.weights[bias] as Tensor<"float32">) : undefined;
    const least = (i: number) => (into && added ? leastStep(added.data[i]!, into.scale) : 0);
    const { q, scale } = weightIntegers(given.weights[weight] as Tensor<"float32">, channels, least, weight);
    const stored = [store(weight, q), store(`${weight}.scale`, scale), channels] as const;
    values[weight] = within(weight, () => (into ? dequantised(...stored) : folded(...stored)));
    if (into === undefined || bias === undefined || added === undefined) continue;
    const whole = biasIntegers(added, into.scale, scale);
    values[bias] = within(bias, () =>
      dequantizeLinear(store(bias, whole.q), store(`${bias}.scale`, whole.scale)),
    );
  }
  const known = new Map<unknown, Layer>(layers.map((layer) => [layer.node, layer]));
  const instead: Instead = (node, [x, w, c]) => {
    const layer = known.get(node);
    if (layer === undefined) return undefined;
    const into = stepsInto(layer);
    if (into !== undefined) return [overSteps(layer, rounded(x as Floats, into), w as Floats, c as Floats)];
    if (!layer.isProduct) return undefined;
    const stored = inputs[layer.weight] as Bytes;
    const scale = inputs[`${layer.weight}.scale`] as Floats;
    return [byIntegers(x as Floats, layer.channels === 0 ? transpose(stored) : stored, scale, c as Floats)];
  };
  // What several layers are fed with is quantised for all of them at once.
  return simplify(bind(graph(given.name, inputs, inline(given, values, instead), given), weights));
}

/** Weights as floats, by the operator that runtimes look for before a layer. */
function dequantised(q: Bytes, scale: Floats, axis: number): Floats {
  return dequantizeLinear(q, scale, constant(centres(q.shape[axis] as number)), axis);
}

/** The same by arithmetic, which runtimes do once where they leave a `DequantizeLinear` for every run. */
function folded(q: Bytes, scale: Floats, axis: number): Floats {
  const along = q.shape.map((size, i) => (i === axis ? (size as number) : 1));
  return mul(sub(cast(q, "float32"), CENTRE), reshape(scale, along));
}

/** `x` in steps, as floats again: what runtimes look for around a layer. */
function rounded(x: Floats, { scale, zeroPoint }: ReturnType<typeof stepsOver>): Floats {
  const step = constant(scalar("float32", scale));
  const zero = constant(scalar("uint8", zeroPoint));
  return dequantizeLinear(quantizeLinear(x, step, zero), step, zero);
}

/** A layer over other operands. A product of matrices is a `Gemm`, which runtimes fuse without an output of integers. */
function overSteps({ node }: Layer, x: Floats, w: Floats, c: Floats | undefined): Value {
  if (node.op === "MatMul" && x.shape.length === 2) return gemm(x, w);
  if (node.op === "MatMul") return applyOne("MatMul", [x, w], {});
  return applyOne(node.op, [x, w, c], node.attributes as never);
}

/** `x` × `w` + `c` by a product of integers, with a scale for each column of `w`. */
function byIntegers(x: Floats, w: Bytes, scale: Floats, c: Floats | undefined): Floats {
  const into = dynamicQuantizeLinear(x);
  const sums = matMulInteger(into.q, w, into.zeroPoint, constant(scalar("uint8", CENTRE)));
  const product = mul(cast(sums, "float32"), mul(into.scale, scale));
  return c === undefined ? product : add(product, c);
}
