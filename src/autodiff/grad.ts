/** Reverse-mode differentiation: gradients as values of the same language, ready to be emitted with the forward pass. */
import { type Float, isFloat } from "../ir/dtype.ts";
import { fail } from "../ir/error.ts";
import { nodesOf } from "../ir/graph.ts";
import { within } from "../ir/origin.ts";
import { type Shape, sameShape, showShape } from "../ir/shape.ts";
import { scalar } from "../ir/tensor.ts";
import { constant, type Node, type NodeOf, operands, type Value } from "../ir/value.ts";
import type { OpType } from "../ir/vocabulary.ts";
import { add, reduceSum } from "../ops/index.ts";
import { type Rule, rules } from "./rules.ts";
import { zerosLike } from "./spread.ts";

/**
 * The gradients of a scalar `loss` with respect to each of `wrt`, in their shapes; zeros where the loss does not
 * depend on one. Throws where the loss is not a float scalar, or the way to it leads through a `Scan`.
 */
export function grad(loss: Value, wrt: readonly Value[]): Value<Float>[] {
  if (!isFloat(loss.dtype) || loss.shape.length > 0) {
    fail("grad", `the loss must be a float scalar, is ${loss.dtype}${showShape(loss.shape)}`);
  }
  const order = nodesOf([loss]);
  const wanted = new Set(wrt);
  const dependent = new Set<Node>();
  const leadsToWanted = (value: Value) =>
    wanted.has(value) || (value.producer.kind === "node" && dependent.has(value.producer));
  for (const node of order) if (operands(node).some(leadsToWanted)) dependent.add(node);

  const cotangents = new Map<Value, Value<Float>>([[loss, constant(scalar(loss.dtype, 1))]]);
  for (const node of order.toReversed()) {
    const [y] = node.outputs;
    // Rules are of the first output; of a loop, whose rule refuses, the loss may need any.
    const dy = node.outputs.map((output) => cotangents.get(output)).find((given) => given !== undefined);
    if (dy === undefined || !dependent.has(node)) continue;
    within(
      node.path === "" ? "gradient" : `gradient/${node.path}`,
      () => {
        const wants = (i: number) => node.inputs[i] !== undefined && leadsToWanted(node.inputs[i]);
        const dx = cotangentsOf(node, dy, y as Value<Float>, wants);
        node.inputs.forEach((operand, i) => {
          const part = dx[i];
          if (!operand || !part || !isFloat(operand.dtype) || !leadsToWanted(operand)) return;
          const summed = unbroadcast(part as Value<Float>, operand.shape);
          const sofar = cotangents.get(operand);
          cotangents.set(operand, sofar === undefined ? summed : add(sofar, summed));
        });
      },
      node.place,
    );
  }
  return wrt.map((value) => cotangents.get(value) ?? zerosLike(value as Value<Float>, value.shape));
}

function cotangentsOf<K extends OpType>(
  node: Node,
  dy: Value<Float>,
  y: Value<Float>,
  wants: (input: number) => boolean,
): readonly (Value | null)[] {
  const rule = rules[node.op] as Rule<K> | null;
  return rule === null ? [] : rule(dy, node as unknown as NodeOf<K>, y, wants);
}

/** The adjoint of broadcasting: `dx` summed over the axes along which something of `shape` was repeated. */
function unbroadcast(dx: Value<Float>, shape: Shape): Value<Float> {
  if (sameShape(dx.shape, shape)) return dx;
  const added = dx.shape.length - shape.length;
  const leading = Array.from({ length: added }, (_, i) => i);
  const rows = added > 0 ? reduceSum(dx, leading) : dx;
  const repeated = shape.flatMap((dim, i) => (dim === 1 && rows.shape[i] !== 1 ? [i] : []));
  return repeated.length > 0 ? reduceSum(rows, repeated, { keepDims: true }) : rows;
}
