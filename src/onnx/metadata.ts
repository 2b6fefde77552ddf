/** What an `.onnx` file says of itself, apart from what it computes. */
import { fail } from "../ir/error.ts";
import { requireOneFile } from "./external.ts";
import { onnx } from "./proto.ts";

/** What an `.onnx` file says of itself, whatever it is made of. Throws one line where the bytes are no model. */
export function metadataOf(bytes: Uint8Array, subject = "decode"): Readonly<Record<string, string>> {
  return metadataIn(parseModel(bytes, subject));
}

/** The same of a model that is all in this one file: ONNX Runtime would read others wherever the model says they lie. */
export function metadataOfWhole(bytes: Uint8Array, subject: string): Readonly<Record<string, string>> {
  const model = parseModel(bytes, subject);
  requireOneFile(model, subject);
  return metadataIn(model);
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
