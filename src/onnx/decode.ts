/** ONNX ModelProto bytes → Graph: a model made of the vocabulary, or of what the vocabulary can say, comes back as values. */
import { fail, IsthmusError } from "../ir/error.ts";
import { type Graph, graph, nodesOf } from "../ir/graph.ts";
import type { Dim, Shape } from "../ir/shape.ts";
import type { Tensor } from "../ir/tensor.ts";
import { constantOf, input, operands, type Value } from "../ir/value.ts";
import { knownOf } from "./import/known.ts";
import { metadataIn, parseModel } from "./metadata.ts";
import { type Decoded, decodeNode, type Lookup, type Reading } from "./node.ts";
import type { GraphProto, NodeProto, ValueInfoProto } from "./proto.ts";
import { decodeTensor, dtypeOf } from "./tensor.ts";

/** The opsets that can be read. */
const opsets = { first: 11, last: 21 };

/** A part of a file, in the file's own names. */
export interface Selection {
  /**
   * The shapes of inputs: the file's own, where a dimension is to have another size or a name, or float32 tensors
   * inside of it, which are inputs then; what makes them is left out.
   */
  readonly inputs?: Readonly<Record<string, Shape>>;
  /** The tensors to give, outputs of the file or not; nothing else is read. */
  readonly outputs?: readonly string[];
}

/**
 * The graph in an `.onnx` file, which `subject` names in errors; its initializers are weights, its Constant nodes
 * constants. Throws one line where the bytes are no model, or hold an operator, attribute, dtype or opset that Isthmus
 * does not know.
 */
export function decode(bytes: Uint8Array, subject = "decode", selection: Selection = {}): Graph {
  const model = parseModel(bytes, subject);
  const domain = model.opsetImport?.find((set) => (set.domain ?? "") === "" || set.domain === "ai.onnx");
  const opset = Number(domain?.version ?? 0);
  if (opset < opsets.first || opset > opsets.last)
    fail(subject, `the model is of opset ${opset}; ${opsets.first} to ${opsets.last} can be read`);
  const metadata = metadataIn(model);
  try {
    const { graph } = decodeGraph(model.graph!, { opset, selection, around: () => undefined, prefix: "" });
    return { ...graph, doc: model.docString ?? "", metadata };
  } catch (error) {
    // What is wrong is said where it is found; which file it is in is known here.
    if (error instanceof IsthmusError)
      throw new IsthmusError(error.message.replace(/^decode: /, `${subject}: `));
    throw error;
  }
}

/** What a graph's reading depends on besides the graph; for a loop's body, the names around it. */
interface Surroundings {
  readonly opset: number;
  readonly selection: Selection;
  readonly around: Lookup;
  readonly prefix: string;
}

function decodeGraph(proto: GraphProto, { opset, selection, around, prefix }: Surroundings): Decoded {
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
  const fed = (proto.input ?? []).filter(({ name }) => !initialized.has(name ?? ""));
  const shapes = new Map(Object.entries(selection.inputs ?? {}));
  for (const info of fed) add(info.name ?? "", inputValue(info, bare, shapes.get(info.name ?? "")));
  for (const [name, shape] of shapes) if (!values.has(name)) add(name, input(name, "float32", shape));
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
  const computed: Reading["computed"] = new Map();
  const contents = (name: string) => {
    const value = lookup(name);
    return (
      value &&
      (constantOf(value) ?? (value.producer.kind === "input" ? weights[value.producer.name] : undefined))
    );
  };
  const scope: Reading = {
    opset,
    batch: batchOf(fed, shapes),
    computed,
    value: (name) =>
      lookup(name) ??
      fail(
        "decode",
        computed.has(name)
          ? `${name} holds a size that is known only when it runs; only a shape can be made of it`
          : `${name} is used before anything makes it`,
      ),
    contents,
    dims: (name) => {
      const tensor = computed.has(name) ? undefined : contents(name);
      return (computed.get(name) ?? (tensor && knownOf(tensor)))?.items;
    },
    copy: (name, weight) => {
      weights[bare(name)] = weight;
      add(name, input(bare(name), weight.dtype, weight.shape));
    },
    isWeight: (name) => Object.hasOwn(weights, bare(name)),
    lookup,
    prefix,
    body: (graph, prefix) => decodeGraph(graph, { opset, selection: {}, around: lookup, prefix }),
  };
  const wanted = selection.outputs ?? (proto.output ?? []).map(({ name }) => name ?? "");
  const nodes = selection.outputs === undefined ? (proto.node ?? []) : neededNodes(proto, wanted, shapes);
  for (const node of nodes) {
    const outputs = decodeNode(node, scope);
    (node.output ?? []).forEach((name, i) => {
      const value = outputs[i];
      if (name === "" || values.has(name)) return;
      if (value !== undefined) values.set(name, value);
      else if (!computed.has(name)) fail("decode", `${node.opType} has no output ${i}`);
    });
  }
  const outputs = Object.fromEntries(wanted.map((name) => [bare(name), scope.value(name)]));
  // A shape or axes that came as an initializer are attributes now.
  const used = new Set([...nodesOf(Object.values(outputs)).flatMap(operands), ...Object.values(outputs)]);
  const mayGo = (name: string) => Object.hasOwn(weights, name) || selection.outputs !== undefined;
  for (const [name, value] of Object.entries(inputs)) {
    if (mayGo(name) && !used.has(value)) {
      delete weights[name];
      delete inputs[name];
    }
  }
  const name = proto.name ?? "";
  return { graph: { ...graph(name, inputs, outputs), doc: proto.docString ?? "", weights }, reads };
}

/** The nodes that some tensors need, in the file's order, where others are given. */
function neededNodes(
  proto: GraphProto,
  wanted: readonly string[],
  given: ReadonlyMap<string, Shape>,
): NodeProto[] {
  const makers = new Map(
    (proto.node ?? []).flatMap((node) => (node.output ?? []).map((name) => [name, node] as const)),
  );
  const needed = new Set<NodeProto>();
  const left = [...wanted];
  for (let name = left.pop(); name !== undefined; name = left.pop()) {
    const node = given.has(name) ? undefined : makers.get(name);
    if (node === undefined || needed.has(node)) continue;
    needed.add(node);
    left.push(...namesIn(node));
  }
  return (proto.node ?? []).filter((node) => needed.has(node));
}

/** What a node reads, its bodies included. */
function namesIn({ input, attribute }: NodeProto): string[] {
  const bodies = (attribute ?? []).flatMap(({ g }) => (g?.node ?? []).flatMap(namesIn));
  return [...(input ?? []), ...bodies];
}

/** The size of a batch where the file has one and we leave it open. */
function batchOf(fed: readonly ValueInfoProto[], shapes: ReadonlyMap<string, Shape>): number | undefined {
  const isOpen = [...shapes.values()].some(([first]) => typeof first === "string");
  const sizes = fed.map(({ type }) => Number(type?.tensorType?.shape?.dim?.[0]?.dimValue ?? 0));
  return isOpen ? sizes.find((size) => size > 0) : undefined;
}

function inputValue(proto: ValueInfoProto, bare: (name: string) => string, given: Shape | undefined): Value {
  const name = proto.name ?? "";
  const declared = shapeOfInput(proto);
  return input(bare(name), dtypeOf(proto.type?.tensorType?.elemType, name), given ?? declared);
}

/** The shape that a file declares for an input; dimensions without a size or name get a name. @internal */
export function shapeOfInput({ name, type }: ValueInfoProto): Shape {
  const info = type?.tensorType ?? fail("decode", `input ${name} is no tensor`);
  const shape = info.shape?.dim ?? fail("decode", `input ${name} has no shape`);
  return shape.map(
    (dim, i): Dim => dim.dimParam || (dim.dimValue == null ? `${name}_${i}` : Number(dim.dimValue)),
  );
}
