/** Attributes of decoded nodes: ONNX's defaults filled in, constant inputs read, and what we can't honour refused. */
import { fail } from "../ir/error.ts";
import type { Tensor } from "../ir/tensor.ts";
import type { Value } from "../ir/value.ts";
import type { OpType } from "../ir/vocabulary.ts";
import { type AttributeProto, type NodeProto, onnx } from "./proto.ts";
import { dataTypes, type Kind, schema } from "./schema.ts";

type Attribute = number | string | readonly number[];
type Attributes = Readonly<Record<string, Attribute>>;

/** Attributes that we have no word for, with the one value under which they change nothing. */
const neutral: Readonly<Record<string, Attribute>> = {
  largest: 1,
  noop_with_empty_axes: 0,
  select_last_index: 0,
  saturate: 1,
  sorted: 1,
};

/** The attributes of a node of ours. Throws where one is missing, not constant, or beyond what we can say. */
export function decodeAttributes(
  op: OpType,
  node: NodeProto,
  inputs: readonly (Value | undefined)[],
  contents: (name: string) => Tensor | undefined,
): Attributes {
  const kinds: Readonly<Record<string, Kind>> = schema[op];
  const given: Record<string, Attribute> = {};
  for (const attribute of node.attribute ?? []) {
    const name = attribute.name ?? "";
    const value = attributeValue(attribute);
    const kind = kinds[name];
    if (kind === undefined) {
      if (neutral[name] !== value) fail(op, `attribute ${name}=${value} is not supported`);
    } else if (kind === "operand" && attribute.type === AttributeType.INTS) given[name] = value;
    else if (typeOf[kind] === attribute.type) given[name] = kind === "dtype" ? dtypeName(op, value) : value;
    else fail(op, `attribute ${name} is not of type ${kind === "dtype" ? "int" : kind}`);
  }
  const operands = operandsOf(op);
  for (const [i, key] of operands.entries()) {
    const name = node.input?.[i + 1] ?? "";
    if (name === "") continue;
    const { data } =
      contents(name) ?? fail(op, `its ${key} (${name}) is computed; only a constant can be read`);
    given[key] = op === "TopK" ? Number(data[0]) : Array.from<number | bigint>(data).map(Number);
  }
  const defaults = defaultsOf(op, inputs, given);
  const result: Record<string, Attribute> = {};
  for (const key of Object.keys(kinds))
    result[key] = given[key] ?? defaults[key] ?? fail(op, `has no ${key}`);
  return result;
}

/** What comes as inputs after the node's own, in their order: axes of a reduction are an attribute before opset 13 or 18. */
export function operandsOf(op: OpType): string[] {
  const kinds: Readonly<Record<string, Kind>> = schema[op];
  return Object.keys(kinds).filter((key) => kinds[key] === "operand" || key === "axes");
}

const { AttributeType } = onnx.AttributeProto;

/** How a file holds an attribute of each kind. */
const typeOf: { readonly [K in Kind]?: number } = {
  int: AttributeType.INT,
  dtype: AttributeType.INT,
  ints: AttributeType.INTS,
  float: AttributeType.FLOAT,
  string: AttributeType.STRING,
};

function attributeValue({ type, i, f, s, ints, floats }: AttributeProto): Attribute {
  if (type === AttributeType.FLOAT) return f ?? 0;
  if (type === AttributeType.STRING) return String.fromCharCode(...(s ?? []));
  if (type === AttributeType.FLOATS) return floats ?? [];
  if (type === AttributeType.INTS) return (ints ?? []).map(Number);
  return Number(i ?? 0);
}

function dtypeName(op: OpType, code: Attribute): string {
  return (
    Object.entries(dataTypes).find(([, known]) => known === code)?.[0] ??
    fail(op, `dtype ${code} is not supported`)
  );
}

/** What the specification takes where nothing is said. */
function defaultsOf(op: OpType, inputs: readonly (Value | undefined)[], given: Attributes): Attributes {
  const shape = inputs[0]?.shape ?? [];
  const all = shape.map((_, i) => i);
  switch (op) {
    case "LeakyRelu":
      return { alpha: 0.01 };
    case "Elu":
      return { alpha: 1 };
    case "Gemm":
      return { alpha: 1, beta: 1, transA: 0, transB: 0 };
    case "TopK":
      return { axis: -1 };
    case "Gather":
    case "GatherElements":
    case "ScatterElements":
    case "ArgMax":
      return { axis: 0, keepdims: 1, reduction: "none" };
    case "QuantizeLinear":
    case "DequantizeLinear":
      return { axis: 1 };
    case "Transpose":
      return { perm: all.toReversed() };
    case "ReduceSum":
    case "ReduceMean":
    case "ReduceMax":
    case "ReduceMin":
      return { axes: all, keepdims: 1 };
    case "Squeeze":
      return { axes: all.filter((i) => shape[i] === 1) };
    case "Slice": {
      const starts = given.starts as readonly number[];
      return { axes: starts.map((_, i) => i), steps: starts.map(() => 1) };
    }
    default:
      return {};
  }
}
