/** What the Open Inference Protocol calls each dtype. */
import type { DType } from "../../../src/ir/dtype.ts";
import type { Shape } from "../../../src/ir/shape.ts";
import type { Port } from "../../host/host.ts";

export const datatypes: { readonly [D in DType]: string } = {
  float32: "FP32",
  float64: "FP64",
  float16: "FP16",
  int8: "INT8",
  uint8: "UINT8",
  int32: "INT32",
  int64: "INT64",
  bool: "BOOL",
};

/** An input or output as a model's metadata name it: a dimension of any size is -1. */
export function tensorMetadata({ name, dtype, shape }: Port) {
  return { name, datatype: datatypes[dtype], shape: sizes(shape) };
}

function sizes(shape: Shape): number[] {
  return shape.map((dim) => (typeof dim === "number" ? dim : -1));
}
