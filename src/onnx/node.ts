/** One node of an ONNX file → values: folded where it is arithmetic on shapes, lowered where it is foreign, or as it stands. */
import { fail, IsthmusError } from "../ir/error.ts";
import type { Graph } from "../ir/graph.ts";
import { within } from "../ir/origin.ts";
import type { Tensor } from "../ir/tensor.ts";
import { constant, constantOf, type Value } from "../ir/value.ts";
import type { OpType } from "../ir/vocabulary.ts";
import { apply } from "../ops/apply.ts";
import { decodeAttributes, operandsOf } from "./attributes.ts";
import { Foreign, type NodeScope } from "./import/foreign.ts";
import { folds, type Known, knownOf, shapeOf, tensorOf } from "./import/known.ts";
import { lowerings } from "./import/lowerings.ts";
import type { GraphProto, NodeProto } from "./proto.ts";
import { arity, optional, schema, substitutes } from "./schema.ts";
import { decodeConstant } from "./tensor.ts";

/** What a name means: in this graph, or for a loop's body in the graphs around it. */
export type Lookup = (name: string) => Value | undefined;

export interface Decoded {
  readonly graph: Graph;
  /** For a body, what it reads of the graph around it, in the order of its last inputs. */
  readonly reads: readonly Value[];
}

/** A graph while it is read. */
export interface Reading extends NodeScope {
  /** What arithmetic on shapes gave, by name. */
  readonly computed: Map<string, Known>;
  readonly lookup: Lookup;
  /** Whether a name is an initializer's. */
  readonly isWeight: (name: string) => boolean;
  /** Makes a weight of its own of a tensor. */
  readonly copy: (name: string, weight: Tensor) => void;
  /** What the names of a loop's body begin with. */
  readonly prefix: string;
  readonly body: (proto: GraphProto, prefix: string) => Decoded;
}

/** The values that a node makes, none for sizes that stay in `computed`. Throws where it says what we can't. */
export function decodeNode(node: NodeProto, scope: Reading): readonly Value[] {
  const name = node.name || `the node that makes ${node.output?.[0]}`;
  const type = node.opType ?? "";
  if (type === "Constant" && !node.domain) return [constant(decodeConstant(node, name))];
  const isKnown = isOurs(type) || Object.hasOwn(lowerings, type) || isArithmetic(type);
  if ((node.domain && node.domain !== "ai.onnx") || !isKnown) {
    fail("decode", `unknown operator ${node.domain ? `${node.domain}.` : ""}${type} (node ${name})`);
  }
  const parts = name.replace(scope.prefix, "").split("/").slice(0, -1);
  try {
    const path = parts.filter((part) => part !== "").join("/");
    return within(path, () => build(type, node, scope), `node ${name}`);
  } catch (error) {
    if (!(error instanceof IsthmusError) || error.message.startsWith("decode: ")) throw error;
    const [fact = ""] = error.message.split("\n");
    throw new IsthmusError(`decode: ${type} (node ${name}): ${fact.replace(`${type}: `, "")}`);
  }
}

/** Whether a file can hold an operator of the vocabulary under this name. */
function isOurs(type: string): boolean {
  return Object.hasOwn(schema, type) && !Object.hasOwn(substitutes, type);
}

function isArithmetic(type: string): boolean {
  return type === "Shape" || type === "Size" || Object.hasOwn(folds, type);
}

function build(type: string, node: NodeProto, scope: Reading): readonly Value[] {
  const names = node.input ?? [];
  if (type === "Scan") return decodeScan(node, names, scope);
  const known = foldNode(type, node, scope);
  if (known !== undefined) {
    const tensor = tensorOf(known);
    scope.computed.set(node.output?.[0] ?? "", known);
    return tensor ? [constant(tensor)] : [];
  }
  if (type === "Identity" && scope.isWeight(names[0] ?? "")) {
    const weight = scope.contents(names[0]!)!;
    if (!isUniform(weight)) return [scope.value(names[0]!)];
    scope.copy(node.output?.[0] ?? "", weight);
    return [];
  }
  const lowering = Object.hasOwn(lowerings, type) ? lowerings[type] : undefined;
  if (lowering !== undefined) {
    const foreign = new Foreign(node, scope);
    const made = lowering(foreign);
    foreign.requireRead();
    return Array.isArray(made) ? made : [made as Value];
  }
  return asItStands(type as OpType, node, names, scope);
}

/** What a node of known inputs makes of them, if it is about sizes. */
function foldNode(type: string, node: NodeProto, scope: Reading): Known | undefined {
  const foreign = new Foreign(node, scope);
  if (type === "Shape" || type === "Size") return shapeOf(foreign);
  const fold = Object.hasOwn(folds, type) ? folds[type] : undefined;
  if (fold === undefined) return undefined;
  const names = node.input ?? [];
  const inputs = names.map((name) => scope.computed.get(name) ?? knownInput(name, scope));
  // Floats that are constants may be scales; those of our own files stay as they are.
  const isAboutSizes =
    inputs[0]?.dtype === "int64" || type === "Concat" || names.some((name) => scope.computed.has(name));
  const isWhole = inputs.every((known, i) => known !== undefined || names[i] === "");
  return isWhole && isAboutSizes ? fold(foreign, inputs) : undefined;
}

/** A constant, or an initializer that no gradient can move. */
function knownInput(name: string, scope: Reading): Known | undefined {
  const value = scope.lookup(name);
  const tensor =
    value && (constantOf(value) ?? (value.dtype === "float32" ? undefined : scope.contents(name)));
  return tensor && knownOf(tensor);
}

/**
 * Whether all elements are the same. PyTorch's exporter keeps one of several weights of the same contents, such as all
 * biases that are still 0: they are weights of their own again. One of various elements is shared by the model itself.
 */
function isUniform({ data, dtype, shape }: Tensor): boolean {
  return (
    dtype === "float32" && shape.length > 0 && (data as Float32Array).every((value) => value === data[0])
  );
}

/** A node of the vocabulary. */
function asItStands(op: OpType, node: NodeProto, names: readonly string[], scope: Reading): readonly Value[] {
  const inputs = ownInputs(op, names, scope);
  const attributes = decodeAttributes(op, node, inputs, scope.contents);
  // ONNX's Max and Min take any number of inputs, ours two.
  if ((op === "Max" || op === "Min") && inputs.length !== 2) {
    const fold = (a: Value | undefined, b: Value | undefined) =>
      apply<OpType>(op, [a, b] as never, attributes as never)[0];
    return [inputs.reduce(fold)!];
  }
  return apply<OpType>(op, inputs as never, attributes as never);
}

/** A node's inputs, its operands aside; those left out are undefined. Throws where one is missing or too many. */
function ownInputs(op: OpType, names: readonly string[], scope: NodeScope): readonly (Value | undefined)[] {
  const takesAny = op === "Max" || op === "Min" || op === "Concat";
  const count = takesAny ? Math.max(1, names.length) : arity[op];
  const needed = optional[op] ?? count;
  if (names.length > count + operandsOf(op).length) fail(op, `takes ${count} inputs, has ${names.length}`);
  return Array.from({ length: count }, (_, i) => {
    const name = names[i] ?? "";
    if (name !== "") return scope.value(name);
    return i < needed ? fail(op, `its input ${i + 1} of ${needed} is missing`) : undefined;
  });
}

function decodeScan(node: NodeProto, names: readonly string[], scope: Reading): readonly Value[] {
  const attribute = (name: string) => node.attribute?.find((candidate) => candidate.name === name);
  for (const { name } of node.attribute ?? []) {
    if (name !== "body" && name !== "num_scan_inputs") fail("Scan", `attribute ${name} is not supported`);
  }
  const sequences = Number(attribute("num_scan_inputs")?.i ?? 0);
  const proto = attribute("body")?.g ?? fail("Scan", "has no body");
  const { graph: body, reads } = scope.body(proto, `${node.name}/`);
  const inputs = [...names.map(scope.value), ...reads];
  return apply("Scan", inputs, { body, states: names.length - sequences, sequences });
}
