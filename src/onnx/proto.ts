/**
 * ONNX's protobuf messages, from `onnx-proto` (ONNX 1.10): the one place that names it. Users have its code, bundled,
 * and not its types: what public modules export with these in it is `@internal`, and no declaration of theirs has it.
 */
import onnxProto from "onnx-proto";

export const { onnx } = onnxProto;
export type ModelProto = onnxProto.onnx.IModelProto;
export type GraphProto = onnxProto.onnx.IGraphProto;
export type NodeProto = onnxProto.onnx.INodeProto;
export type AttributeProto = onnxProto.onnx.IAttributeProto;
export type TensorProto = onnxProto.onnx.ITensorProto;
export type ValueInfoProto = onnxProto.onnx.IValueInfoProto;
