/** Protobuf messages with operators of ONNX Runtime's own domain, `com.microsoft`. */
import type { DType } from "../../src/ir/dtype.ts";
import type { Tensor } from "../../src/ir/tensor.ts";
import { messageBytes } from "../../src/onnx/encode.ts";
import {
  type AttributeProto,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  onnx,
  type TensorProto,
  type ValueInfoProto,
} from "../../src/onnx/proto.ts";
import { dataTypes, irVersion, opset } from "../../src/onnx/schema.ts";
import { version } from "../../src/version.ts";

/*
 * These operators are no part of the language: they write into their inputs, which no gradient, interpreter or other
 * runtime could follow. So the few nodes are put into the messages, and only what is for a TrainingSession has them.
 */
const domain = "com.microsoft";

/** The bytes of a model that may use both domains. */
export function encodeModel(graph: GraphProto, more: ModelProto = {}): Uint8Array {
  const opsetImport = [
    { domain: "", version: opset },
    { domain, version: 1 },
  ];
  const model = { irVersion, producerName: "isthmus", producerVersion: version, ...more, opsetImport, graph };
  return messageBytes(model);
}

type Names = readonly string[];
type Attributes = readonly AttributeProto[];

/** A node of the standard domain, named after its first output. */
export function node(opType: string, input: Names, output: Names, attribute: Attributes = []): NodeProto {
  return { name: output[0]!, opType, input: [...input], output: [...output], attribute: [...attribute] };
}

/** A node of ONNX Runtime's domain. */
export function microsoftNode(
  opType: string,
  input: Names,
  output: Names,
  attribute: Attributes = [],
): NodeProto {
  return { ...node(opType, input, output, attribute), domain };
}

const { AttributeType } = onnx.AttributeProto;

export function float(name: string, f: number): AttributeProto {
  return { name, type: AttributeType.FLOAT, f };
}

export function int(name: string, i: number): AttributeProto {
  return { name, type: AttributeType.INT, i };
}

export function subgraph(name: string, g: GraphProto): AttributeProto {
  return { name, type: AttributeType.GRAPH, g };
}

export function initializer(name: string, { dtype, shape, data }: Tensor): TensorProto {
  const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { name, dataType: dataTypes[dtype], dims: [...shape], rawData };
}

/** What a tensor is; of any shape unless one is given. */
export function tensorInfo(name: string, dtype: DType, shape?: readonly number[]): ValueInfoProto {
  const dims = shape && { shape: { dim: shape.map((dimValue) => ({ dimValue })) } };
  return { name, type: { tensorType: { elemType: dataTypes[dtype], ...dims } } };
}

/** A sequence of float32 tensors of any shapes. */
export function sequenceInfo(name: string): ValueInfoProto {
  return { name, type: { sequenceType: { elemType: { tensorType: { elemType: dataTypes.float32 } } } } };
}
