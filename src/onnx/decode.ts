/** ONNX ModelProto bytes → Graph: any model made of the vocabulary comes back as values. */
import { arrayFromBytes, arrayOf, type DType } from "../ir/dtype.ts";
import { fail, IsthmusError } from "../ir/error.ts";
import { type Graph, graph, nodesOf } from "../ir/graph.ts";
import { within } from "../ir/origin.ts";
import type { Dim } from "../ir/shape.ts";
import { sizeOf, type Tensor, tensor } from "../ir/tensor.ts";
import { constant, constantOf, input, operands, type Value } from "../ir/value.ts";
import type { OpType } from "../ir/vocabulary.ts";
import { apply } from "../ops/apply.ts";
import { decodeAttributes } from "./attributes.ts";
import { type GraphProto, type NodeProto, onnx, type TensorProto, type ValueInfoProto } from "./proto.ts";
import { arity, dataTypes, type Kind, opset, optional, schema } from "./schema.ts";

const dtypes = new Map(Object.entries(dataTypes).map(([dtype, code]) => [code, dtype as DType]));

/**
 * The graph in an `.onnx` file, which `subject` names in errors; its initializers are weights, its Constant nodes constants. Throws one line where the
 * bytes are no model, or hold an operator, attribute, dtype or opset that Isthmus does not know.
 */
export function decode(bytes: Uint8Array, subject = "decode"): Graph {
  const model = parseModel(bytes, subject);
  const domain = model.opsetImport?.find((set) => (set.domain ?? "") === "" || set.domain === "ai.onnx");
  const version = Number(domain?.version ?? 0);
  if (version < 13 || version > opset)
    fail("decode", `the model is of opset ${version}; 13 to ${opset} can be read`);
  const metadata = Object.fromEntries(
    (model.metadataProps ?? []).map(({ key, value }) => [key ?? "", value ?? ""]),
  );
  const { graph } = decodeGraph(model.graph ?? fail("decode", "the model has no graph"));
  return { ...graph, doc: model.docString ?? "", metadata };
}

function parseModel(bytes: Uint8Array, subject: string) {
  try {
    const model = onnx.ModelProto.decode(bytes);
    if (model.graph) return model;
  } catch (error) {
    return fail(subject, `not an ONNX model, or a damaged one (${(error as Error).message})`);
  }
  return fail(subject, "not an ONNX model: it holds no graph");
}

/** What a name means: in this graph, or for a loop's body in the graphs around it. */
type Lookup = (name: string) => Value | undefined;

interface Decoded {
  readonly graph: Graph;
  /** For a body, what it reads of the graph around it, in the order of its last inputs. */
  readonly reads: readonly Value[];
}

function decodeGraph(proto: GraphProto, around: Lookup = () => undefined, prefix = ""): Decoded {
  const bare = (name: string) =>
    prefix !== "" && name.startsWith(prefix) ? name.slice(prefix.length) : name;
  const weights: Record<string, Tensor> = {};
  const inputs: Record<string, Value> = {};
  const reads: Value[] = [];
  const values = new Map<string, Value>();
  const add = (name: string, value: Value) => {
    inputs[bare(name)] = value;
    values.set(name, value);
  };
  const initialized = new Set((proto.initializer ?? []).map(({ name }) => name ?? ""));
  for (const info of proto.input ?? [])
    if (!initialized.has(info.name ?? "")) add(info.name ?? "", inputValue(info, bare));
  for (const initializer of proto.initializer ?? []) {
    const name = initializer.name ?? "";
    const weight = decodeTensor(initializer);
    weights[bare(name)] = weight;
    add(name, input(bare(name), weight.dtype, weight.shape));
  }
  const lookup: Lookup = (name) => {
    const known = values.get(name);
    if (known !== undefined) return known;
    const outer = around(name);
    if (outer === undefined || constantOf(outer) !== undefined) return outer;
    // A body is closed here: what it reads from around it becomes an input after its own.
    const read = input(name, outer.dtype, outer.shape);
    reads.push(outer);
    add(name, read);
    return read;
  };
  const scope: NodeScope = {
    value: (name) => lookup(name) ?? fail("decode", `${name} is used before anything makes it`),
    contents: (name) => {
      const value = lookup(name);
      return (
        value &&
        (constantOf(value) ?? (value.producer.kind === "input" ? weights[value.producer.name] : undefined))
      );
    },
    lookup,
    prefix,
  };
  for (const node of proto.node ?? []) {
    const outputs = decodeNode(node, scope);
    (node.output ?? []).forEach((name, i) => {
      if (name !== "") values.set(name, outputs[i] ?? fail("decode", `${node.opType} has no output ${i}`));
    });
  }
  const outputs = Object.fromEntries(
    (proto.output ?? []).map(({ name }) => [bare(name ?? ""), scope.value(name ?? "")]),
  );
  // A shape or axes that came as an initializer are attributes now.
  const used = new Set([...nodesOf(Object.values(outputs)).flatMap(operands), ...Object.values(outputs)]);
  for (const [name, value] of Object.entries(inputs)) {
    if (Object.hasOwn(weights, name) && !used.has(value)) {
      delete weights[name];
      delete inputs[name];
    }
  }
  const name = proto.name ?? "";
  return { graph: { ...graph(name, inputs, outputs), doc: proto.docString ?? "", weights }, reads };
}

/** What a node sees of the names around it. */
interface NodeScope {
  readonly value: (name: string) => Value;
  /** The tensor behind a name, where it is known now: a constant or an initializer. */
  readonly contents: (name: string) => Tensor | undefined;
  readonly lookup: Lookup;
  readonly prefix: string;
}

function decodeNode(node: NodeProto, scope: NodeScope): readonly Value[] {
  const name = node.name || `the node that makes ${node.output?.[0]}`;
  const type = node.opType ?? "";
  if (type === "Constant" && !node.domain) return [constant(decodeConstant(node, name))];
  if (node.domain || !Object.hasOwn(schema, type)) {
    fail("decode", `unknown operator ${node.domain ? `${node.domain}.` : ""}${type} (${name})`);
  }
  const path = name.replace(scope.prefix, "").split("/").slice(0, -1).join("/");
  try {
    return within(path, () => build(type as OpType, node, scope), `node ${name}`);
  } catch (error) {
    if (error instanceof IsthmusError && error.place === undefined)
      throw new IsthmusError(error.message, `node ${name}`);
    throw error;
  }
}

function build(op: OpType, node: NodeProto, scope: NodeScope): readonly Value[] {
  const names = node.input ?? [];
  if (op === "Scan") return decodeScan(node, names, scope);
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
  const kinds: readonly Kind[] = Object.values(schema[op]);
  if (names.length > count && !kinds.includes("operand"))
    fail(op, `takes ${count} inputs, has ${names.length}`);
  return Array.from({ length: count }, (_, i) => {
    const name = names[i] ?? "";
    if (name !== "") return scope.value(name);
    return i < needed ? fail(op, `its input ${i + 1} of ${needed} is missing`) : undefined;
  });
}

function decodeScan(node: NodeProto, names: readonly string[], scope: NodeScope): readonly Value[] {
  const attribute = (name: string) => node.attribute?.find((candidate) => candidate.name === name);
  for (const { name } of node.attribute ?? []) {
    if (name !== "body" && name !== "num_scan_inputs") fail("Scan", `attribute ${name} is not supported`);
  }
  const sequences = Number(attribute("num_scan_inputs")?.i ?? 0);
  const proto = attribute("body")?.g ?? fail("Scan", "has no body");
  const { graph: body, reads } = decodeGraph(proto, scope.lookup, `${node.name}/`);
  const inputs = [...names.map(scope.value), ...reads];
  return apply("Scan", inputs, { body, states: names.length - sequences, sequences });
}

function inputValue({ name, type }: ValueInfoProto, bare: (name: string) => string): Value {
  const info = type?.tensorType ?? fail("decode", `input ${name} is no tensor`);
  const shape = info.shape?.dim ?? fail("decode", `input ${name} has no shape`);
  const dims = shape.map(
    (dim, i): Dim => dim.dimParam || (dim.dimValue == null ? `${name}_${i}` : Number(dim.dimValue)),
  );
  return input(bare(name ?? ""), dtypeOf(info.elemType, name ?? ""), dims);
}

function dtypeOf(code: number | null | undefined, name: string): DType {
  return (
    dtypes.get(code ?? 0) ??
    fail("decode", `${name} is of a dtype that Isthmus does not know (TensorProto.DataType ${code})`)
  );
}

/** The tensor of a Constant node, however it is written. */
function decodeConstant(node: NodeProto, name: string): Tensor {
  const [attribute = fail("decode", `${name} holds nothing`)] = node.attribute ?? [];
  const list = (dtype: DType, values: readonly (number | bigint)[], shape = [values.length]) =>
    tensor(dtype, shape, arrayOf(dtype, values));
  switch (attribute.name) {
    case "value":
      return decodeTensor({ ...attribute.t, name });
    case "value_float":
      return list("float32", [attribute.f ?? 0], []);
    case "value_floats":
      return list("float32", attribute.floats ?? []);
    case "value_int":
      return list("int64", [Number(attribute.i ?? 0)], []);
    case "value_ints":
      return list("int64", (attribute.ints ?? []).map(Number));
    default:
      return fail("decode", `${name}: a Constant with ${attribute.name} is not supported`);
  }
}

function decodeTensor(proto: TensorProto): Tensor {
  const name = proto.name ?? "a tensor";
  const dtype = dtypeOf(proto.dataType, name);
  const shape = (proto.dims ?? []).map(Number);
  if (proto.externalData?.length) fail("decode", `${name} lies in another file, which is not supported`);
  const data = proto.rawData?.length
    ? arrayFromBytes(dtype, new Uint8Array(proto.rawData))
    : arrayOf(dtype, typedData(dtype, proto));
  if (data.length !== sizeOf(shape))
    fail("decode", `${name} has ${data.length} elements where [${shape}] needs ${sizeOf(shape)}`);
  return tensor(dtype, shape, data);
}

/** The field that holds a tensor's elements where they are not raw bytes. */
function typedData(
  dtype: DType,
  { floatData, doubleData, int64Data, int32Data }: TensorProto,
): ArrayLike<number> {
  if (dtype === "float32") return floatData ?? [];
  if (dtype === "float64") return doubleData ?? [];
  if (dtype === "int64") return (int64Data ?? []).map(Number);
  return int32Data ?? [];
}
