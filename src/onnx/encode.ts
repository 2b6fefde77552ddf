/** Graph → ONNX ModelProto bytes. */
import { arrayOf, type DType } from "../ir/dtype.ts";
import { freeInputs, type Graph, graphNodes } from "../ir/graph.ts";
import { type Names, nameGraph } from "../ir/name.ts";
import type { Shape } from "../ir/shape.ts";
import { type Tensor, tensor } from "../ir/tensor.ts";
import { constant, type Node, type Value } from "../ir/value.ts";
import { version } from "../version.ts";
import {
  type AttributeProto,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  onnx,
  type TensorProto,
  type ValueInfoProto,
} from "./proto.ts";
import { dataTypes, irVersion, type Kind, opset, schema, substitutes } from "./schema.ts";

/** The bytes of an `.onnx` file: IR version 8, opset 17, no external data. */
export function encode(graph: Graph): Uint8Array {
  return messageBytes(modelProto(graph));
}

/** The bytes of a model's message. @internal */
export function messageBytes(model: ModelProto): Uint8Array {
  // In Node protobufjs writes a Buffer, which is not the Uint8Array that it says it is wherever it is copied.
  const { buffer, byteOffset, byteLength } = onnx.ModelProto.encode(model).finish();
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** The message in such a file, for whoever has to add what our vocabulary has no word for. @internal */
export function modelProto(graph: Graph): ModelProto & { readonly graph: GraphProto } {
  return {
    irVersion,
    opsetImport: [{ domain: "", version: opset }],
    producerName: "isthmus",
    producerVersion: version,
    docString: graph.doc,
    graph: graphProto(graph, nameGraph(graph), ""),
    metadataProps: Object.entries(graph.metadata).map(([key, value]) => ({ key, value })),
  };
}

function graphProto(
  graph: Graph,
  names: Names,
  prefix: string,
  read: ReadonlySet<Value> = new Set(),
): GraphProto {
  const nodes = graphNodes(graph).map((node) => nodeProto(node, names));
  const outputs = Object.entries(graph.outputs);
  const renamed = outputs.flatMap(([key, value]): NodeProto[] => {
    const [from, to] = [names.value(value), prefix + key];
    return from === to ? [] : [{ name: `${to}/Identity`, opType: "Identity", input: [from], output: [to] }];
  });
  const constants = names.constants().map(([name, { tensor }]): NodeProto => {
    const value = { name: "value", type: AttributeType.TENSOR, t: tensorProto(tensor) };
    return { name, opType: "Constant", output: [name], attribute: [value] };
  });
  const named = new Set(outputs.map(([key]) => prefix + key));
  return {
    name: graph.name,
    docString: graph.doc,
    node: [...constants, ...nodes, ...renamed],
    input: freeInputs(graph)
      .filter(([, value]) => !read.has(value))
      .map(([, value]) => valueInfo(names.value(value), value)),
    output: outputs.map(([key, value]) => valueInfo(prefix + key, value)),
    valueInfo: graphNodes(graph)
      .flatMap((node) => node.outputs.map((value) => valueInfo(names.value(value), value)))
      .filter(({ name }) => !named.has(name as string)),
    initializer: Object.entries(graph.weights).map(([name, weight]) => ({ name, ...tensorProto(weight) })),
  };
}

const { AttributeType } = onnx.AttributeProto;

function nodeProto(node: Node, names: Names): NodeProto {
  const kinds: Readonly<Record<string, Kind>> = schema[node.op];
  const given = node.attributes as Readonly<Record<string, AttributeValue>>;
  const keys = (isOperand: boolean) =>
    Object.keys(kinds).filter((key) => (kinds[key] === "operand") === isOperand);
  const fed = node.op === "Scan" ? node.attributes.states + node.attributes.sequences : node.inputs.length;
  const input = (node.inputs.slice(0, fed) as readonly (Value | undefined)[]).map((value) =>
    value === undefined ? "" : names.value(value),
  );
  while (input.at(-1) === "") input.pop();
  const operands = keys(true).map((key) => names.value(int64s(given[key] as number | readonly number[])));
  return {
    name: names.node(node),
    opType: substitutes[node.op] ?? node.op,
    input: [...input, ...operands],
    output: node.outputs.map((value) => names.value(value)),
    attribute:
      node.op === "Scan"
        ? scanAttributes(node, names)
        : // An empty list says nothing, and onnx's checker refuses it: the `perm` of a scalar.
          keys(false)
            .filter((key) => !Array.isArray(given[key]) || given[key].length > 0)
            .map((key) => attributeProto(key, kinds[key]!, given[key]!)),
  };
}

function int64s(value: number | readonly number[]): Value {
  const numbers = typeof value === "number" ? [value] : value;
  return constant(tensor("int64", [numbers.length], arrayOf("int64", numbers)));
}

/** What an attribute can hold, by the kind that the schema gives it. */
type AttributeValue = number | readonly number[] | string;

function attributeProto(name: string, kind: Kind, value: AttributeValue): AttributeProto {
  switch (kind) {
    case "int":
      return { name, type: AttributeType.INT, i: value as number };
    case "dtype":
      return { name, type: AttributeType.INT, i: dataTypes[value as DType] };
    case "ints":
      return { name, type: AttributeType.INTS, ints: value as number[] };
    case "float":
      return { name, type: AttributeType.FLOAT, f: value as number };
    default:
      return { name, type: AttributeType.STRING, s: ascii(value as string) };
  }
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

/** The body, under names of its own; what it only reads it takes from the graph around it by name. */
function scanAttributes(node: Node & { readonly op: "Scan" }, names: Names): AttributeProto[] {
  const { body, states, sequences } = node.attributes;
  const prefix = `${names.node(node)}/`;
  const own = nameGraph(body, prefix);
  const parameters = Object.values(body.inputs);
  const reads = new Map(
    parameters.map((value, i) => [value, node.inputs[i]!] as const).slice(states + sequences),
  );
  const inside: Names = {
    ...own,
    value: (value) => (reads.has(value) ? names.value(reads.get(value)!) : own.value(value)),
  };
  return [
    { name: "body", type: AttributeType.GRAPH, g: graphProto(body, inside, prefix, new Set(reads.keys())) },
    { name: "num_scan_inputs", type: AttributeType.INT, i: sequences },
  ];
}

function tensorProto({ dtype, shape, data }: Tensor): TensorProto {
  const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { dataType: dataTypes[dtype], dims: [...shape], rawData };
}

function valueInfo(
  name: string,
  { dtype, shape }: { readonly dtype: DType; readonly shape: Shape },
): ValueInfoProto {
  const dim = shape.map((size) => (typeof size === "number" ? { dimValue: size } : { dimParam: size }));
  return { name, type: { tensorType: { elemType: dataTypes[dtype], shape: { dim } } } };
}
