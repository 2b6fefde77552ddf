/** Tensors as ONNX files hold them: raw or typed, initializers or Constant nodes. */
import { arrayFromBytes, arrayOf, type DType } from "../ir/dtype.ts";
import { fail } from "../ir/error.ts";
import { sizeOf, type Tensor, tensor } from "../ir/tensor.ts";
import type { NodeProto, TensorProto } from "./proto.ts";
import { dataTypes } from "./schema.ts";

const dtypes = new Map(Object.entries(dataTypes).map(([dtype, code]) => [code, dtype as DType]));

/** The dtype behind a TensorProto.DataType. Throws, naming the tensor, where we have none. */
export function dtypeOf(code: number | null | undefined, name: string): DType {
  return (
    dtypes.get(code ?? 0) ??
    fail("decode", `${name} is of a dtype that Isthmus does not know (TensorProto.DataType ${code})`)
  );
}

/** The tensor of a Constant node, however it is written. */
export function decodeConstant(node: NodeProto, name: string): Tensor {
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

/** The tensor in a file's own words. Throws where its elements lie elsewhere, are too few or of a dtype that we have not. */
export function decodeTensor(proto: TensorProto): Tensor {
  const name = proto.name ?? "a tensor";
  const dtype = dtypeOf(proto.dataType, name);
  const shape = (proto.dims ?? []).map(Number);
  if (proto.externalData?.length) fail("decode", `${name} lies in another file, which is not supported`);
  const data = proto.rawData?.length
    ? arrayFromBytes(dtype, new Uint8Array(proto.rawData))
    : dtype === "float16"
      ? Uint16Array.from(proto.int32Data ?? [])
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
