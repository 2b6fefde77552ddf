/** What an `.onnx` file says of itself, apart from what it computes. */
import { fail } from "../ir/error.ts";
import { onnx } from "./proto.ts";

/** What an `.onnx` file says of itself, whatever it is made of. Throws one line where the bytes are no model. */
export function metadataOf(bytes: Uint8Array, subject = "decode"): Readonly<Record<string, string>> {
  return metadataIn(parseModel(bytes, subject));
}

/** The same of a model that is parsed. */
export function metadataIn({ metadataProps }: ReturnType<typeof parseModel>): Record<string, string> {
  return Object.fromEntries((metadataProps ?? []).map(({ key, value }) => [key ?? "", value ?? ""]));
}

/** The bytes of an `.onnx` file as a message. Throws one line where they are no model. */
export function parseModel(bytes: Uint8Array, subject: string) {
  try {
    const model = onnx.ModelProto.decode(bytes);
    if (model.graph) return model;
  } catch (error) {
    return fail(subject, `not an ONNX model, or a damaged one (${(error as Error).message})`);
  }
  return fail(subject, "not an ONNX model: it holds no graph");
}
