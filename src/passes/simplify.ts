/**
 * Simplifies a graph: what is computed stays the same to rounding, in fewer passes over memory.
 *
 * ONNX Runtime folds constants; it does not move an Expand out of the way of an operator that broadcasts anyway, nor
 * see that two gradients share a part before it has planned its memory. Gradients are full of both.
 */
import { type Graph, graphNodes, type Values } from "../ir/graph.ts";
import { within } from "../ir/origin.ts";
import { broadcast, type Shape, sameShape } from "../ir/shape.ts";
import { constantOf, type Node, type NodeOf, showType, type Value } from "../ir/value.ts";
import type { OpType } from "../ir/vocabulary.ts";
import { apply, applyOne } from "../ops/apply.ts";
import { clip, log, max, min, mul, sigmoid, sub } from "../ops/index.ts";

/** What a node amounts to; undefined where it stays as it is. */
type Rewrite<K extends OpType> = (node: NodeOf<K>, y: Value) => Value | undefined;

/** The value that `value` repeats, if it is an Expand. */
function repeated(value: Value): Value | undefined {
  return value.producer.kind === "node" && value.producer.op === "Expand"
    ? value.producer.inputs[0]
    : undefined;
}

function isOne(value: Value): boolean {
  const tensor = constantOf(value);
  return tensor !== undefined && tensor.shape.length === 0 && Number(tensor.data[0]) === 1;
}

/** A binary operator broadcasts by itself: an Expand of an operand that decides nothing about the shape is left out. */
const broadcasting = <K extends "Add" | "Sub" | "Mul" | "Div">(
  { op, inputs: [a, b] }: NodeOf<K>,
  y: Value,
): Value | undefined => {
  const [small, other] = [repeated(a), repeated(b)];
  const fits = (left: Shape, right: Shape) => sameShape(broadcast(op, left, right), y.shape);
  const join = (left: Value, right: Value) => applyOne<OpType>(op, [left, right] as never, {} as never);
  if (small && fits(small.shape, b.shape)) return join(small, b);
  if (other && fits(a.shape, other.shape)) return join(a, other);
  if (op === "Mul" && isOne(a) && sameShape(b.shape, y.shape)) return b;
  if (op === "Mul" && isOne(b) && sameShape(a.shape, y.shape)) return a;
  return undefined;
};

/** `x` repeated to a shape; undefined where a dimension of that has only a name, which no Expand can be told. */
function repeat(x: Value, shape: Shape): Value | undefined {
  const sizes = shape.filter((dim) => typeof dim === "number");
  return sizes.length === shape.length ? applyOne("Expand", [x], { shape: sizes }) : undefined;
}

/** What is done to every element alike is done before the repetition. */
const beforeExpand = <K extends "Neg" | "Unsqueeze">(
  { op, inputs: [x], attributes }: NodeOf<K>,
  y: Value,
): Value | undefined => {
  const small = repeated(x);
  if (small === undefined || (op === "Unsqueeze" && small.shape.length !== x.shape.length)) return undefined;
  return repeat(applyOne<OpType>(op, [small] as never, attributes as never), y.shape);
};

const rewrites: { readonly [K in OpType]?: Rewrite<K> } = {
  Add: broadcasting,
  Sub: broadcasting,
  Mul: broadcasting,
  Div: broadcasting,
  Neg: beforeExpand,
  Unsqueeze: beforeExpand,
  Expand: ({ inputs: [x] }, y) => {
    if (sameShape(x.shape, y.shape)) return x;
    const small = repeated(x);
    return small && repeat(small, y.shape);
  },
  // ONNX Runtime's Softplus on CPU goes element by element through log1p. These are vectorised, and the sigmoid is
  // the one that its gradient needs: log(1 + eˣ) = max(x, 0) − log(sigmoid |x|).
  Softplus: ({ inputs: [x] }) => {
    const s = sigmoid(x);
    return sub(max(x, 0), log(max(s, sub(1, s))));
  },
  // Its Sign is a branch an element; any float32 but a denormal times 2¹²⁷ lies outside of [−1, 1]. What a Relu gave
  // is not negative, and Min is faster than Clip.
  Sign: ({ inputs: [x] }) => {
    if (x.dtype !== "float32") return undefined;
    const large = mul(x as Value<"float32">, 2 ** 127);
    const { producer } = x;
    return producer.kind === "node" && producer.op === "Relu" ? min(large, 1) : clip(large, -1, 1);
  },
};

/** The same graph with every rewrite applied, equal expressions computed once, and loop bodies simplified too. */
export function simplify<I extends Values, O extends Values>(given: Graph<I, O>): Graph<I, O> {
  const settled = new Map<Value, Value>();
  const nodes = new Map<Node, Node>();
  const share = sharing();
  const nodeOf = (node: Node) => {
    const done = nodes.get(node) ?? share(renewed(node, settle));
    nodes.set(node, done);
    return done;
  };
  const settle = (value: Value): Value => {
    const { producer, output } = value;
    if (producer.kind !== "node") return value;
    const done = settled.get(value);
    if (done !== undefined) return done;
    const node = nodeOf(producer);
    const y = node.outputs[output]!;
    const rewrite = rewrites[node.op] as Rewrite<OpType> | undefined;
    const rewritten = within(node.path, () => rewrite?.(node as never, y), node.place);
    const result = rewritten === undefined ? y : settle(rewritten);
    settled.set(value, result).set(result, result);
    return result;
  };
  // Producers first, so that the recursion never goes deeper than what one rewrite builds.
  for (const node of graphNodes(given)) for (const value of node.outputs) settle(value);
  const outputs = Object.fromEntries(
    Object.entries(given.outputs).map(([name, value]) => [name, settle(value)]),
  );
  return { ...given, outputs: outputs as O };
}

/** The node over settled inputs, a loop's body simplified; the node itself where nothing changes. */
function renewed(node: Node, settle: (value: Value) => Value): Node {
  const given = node.inputs as readonly (Value | undefined)[];
  const inputs = given.map((value) => value && settle(value));
  if (node.op !== "Scan" && inputs.every((value, i) => value === given[i])) return node;
  const attributes =
    node.op === "Scan" ? { ...node.attributes, body: simplify(node.attributes.body) } : node.attributes;
  const again = () => apply<OpType>(node.op, inputs as never, attributes as never);
  return within(node.path, again, node.place)[0]!.producer as Node;
}

/** Gives for every node the first one that was asked about with the same operator, operands and attributes. */
function sharing(): (node: Node) => Node {
  const known = new Map<string, Node>();
  const numbers = new Map<object, number>();
  const number = (thing: object) => {
    if (!numbers.has(thing)) numbers.set(thing, numbers.size);
    return numbers.get(thing);
  };
  const identify = (value: Value | undefined) => {
    if (value === undefined) return "";
    const tensor = constantOf(value);
    if (tensor === undefined) return `${number(value.producer)}:${value.output}`;
    return tensor.data.length > 8 ? `#${number(tensor)}` : `${showType(tensor)}=${tensor.data}`;
  };
  return (node) => {
    if (node.op === "Scan") return node;
    const inputs = (node.inputs as readonly (Value | undefined)[]).map(identify);
    const key = `${node.op}(${inputs}) ${JSON.stringify(node.attributes)}`;
    const first = known.get(key) ?? node;
    known.set(key, first);
    return first;
  };
}
