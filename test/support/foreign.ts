/** ONNX files as others write them: models put together from protobuf messages, message by message. */
import { arrayOf, type DType } from "../../src/ir/dtype.ts";
import {
  type AttributeProto,
  type NodeProto,
  onnx,
  type TensorProto,
  type ValueInfoProto,
} from "../../src/onnx/proto.ts";
import { dataTypes } from "../../src/onnx/schema.ts";

export interface Foreign {
  readonly nodes: NodeProto[];
  readonly inputs: ValueInfoProto[];
  readonly outputs?: readonly string[];
  readonly initializers?: TensorProto[];
  readonly opset?: number;
}

/** The bytes of a model whose outputs, `y` unless told, are floats of unknown shape. */
export function foreign({ nodes, inputs, outputs = ["y"], initializers = [], opset = 17 }: Foreign) {
  const output = outputs.map((name) => ({ name, type: { tensorType: { elemType: dataTypes.float32 } } }));
  return onnx.ModelProto.encode({
    irVersion: 8,
    opsetImport: [{ domain: "", version: opset }],
    graph: { name: "foreign", node: nodes, input: inputs, output, initializer: initializers },
  }).finish();
}

/** A node; attributes are ints (whole numbers), floats, lists of ints, or texts. */
export function node(
  opType: string,
  input: string[],
  attributes: Readonly<Record<string, number | number[] | string>> = {},
  output = "y",
): NodeProto {
  return { name: `a/${opType}`, opType, input, output: [output], attribute: attributesOf(attributes) };
}

const { AttributeType } = onnx.AttributeProto;

function attributesOf(attributes: Readonly<Record<string, number | number[] | string>>): AttributeProto[] {
  return Object.entries(attributes).map(([name, value]) => {
    if (Array.isArray(value)) return { name, type: AttributeType.INTS, ints: value };
    if (typeof value === "string") return { name, type: AttributeType.STRING, s: Buffer.from(value) };
    return Number.isInteger(value)
      ? { name, type: AttributeType.INT, i: value }
      : { name, type: AttributeType.FLOAT, f: value };
  });
}

/** The largest int64, by which exporters say "to the end", as protobufjs writes it: there is no such number. */
export const toEnd = { low: -1, high: 0x7fffffff, unsigned: false } as unknown as number;

/** An input of the graph; its dimensions are numbers, names, or unknown. */
export function port(
  name: string,
  dims: readonly (number | string | undefined)[],
  dtype: DType = "float32",
): ValueInfoProto {
  const dim = dims.map((size) =>
    typeof size === "number" ? { dimValue: size } : { dimParam: size ?? null },
  );
  return { name, type: { tensorType: { elemType: dataTypes[dtype], shape: { dim } } } };
}

/** An initializer of raw bytes. */
export function weight(name: string, dims: number[], dtype: DType, values: readonly number[]): TensorProto {
  const data = arrayOf(dtype, values);
  return { name, dims, dataType: dataTypes[dtype], rawData: new Uint8Array(data.buffer) };
}
