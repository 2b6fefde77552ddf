/** Inference responses: a JSON object, with the bytes of the tensors behind it that were asked for so. */
import { isFloat } from "../../../src/ir/dtype.ts";
import { fromHalf } from "../../../src/ir/float16.ts";
import type { Tensor, Tensors } from "../../../src/ir/tensor.ts";
import type { ServedModel } from "../model.ts";
import type { InferRequest } from "./request.ts";

export interface InferResponse {
  readonly body: Buffer | string;
  /** Where the JSON ends, if anything follows it. */
  readonly headerLength: number | undefined;
}

/** The answer to a request. */
export function writeResponse(
  model: ServedModel,
  { id, outputs }: InferRequest,
  results: Tensors,
): InferResponse {
  const binary: Uint8Array[] = [];
  let bytes = 0;
  const written = outputs.map(({ name, isBinary, head }) => {
    const tensor = results[name]!;
    const shaped = `${head},"shape":[${tensor.shape}]`;
    if (!isBinary) return `${shaped},"data":${elementsText(tensor)}}`;
    const { buffer, byteOffset, byteLength } = tensor.data;
    binary.push(new Uint8Array(buffer, byteOffset, byteLength));
    bytes += byteLength;
    return `${shaped},"parameters":{"binary_data_size":${byteLength}}}`;
  });
  const named = id === undefined ? "" : `,"id":${JSON.stringify(id)}`;
  const json = `{"model_name":${JSON.stringify(model.name)},"model_version":"${model.version}"${named},"outputs":[${written}]}`;
  if (binary.length === 0) return { body: json, headerLength: undefined };
  const headerLength = Buffer.byteLength(json);
  const body = Buffer.allocUnsafe(headerLength + bytes);
  let at = body.write(json);
  for (const part of binary) {
    body.set(part, at);
    at += part.length;
  }
  return { body, headerLength };
}

/** The elements as a flat JSON array. */
function elementsText({ dtype, data }: Tensor): string {
  if (dtype === "bool") return `[${Array.from(data as Uint8Array, (value) => value !== 0).join()}]`;
  if (dtype === "float16")
    return `[${Array.from(data as Uint16Array, (half) => numberText(fromHalf(half))).join()}]`;
  if (!isFloat(dtype)) return `[${data.join()}]`;
  return `[${Array.from(data as Float32Array, numberText).join()}]`;
}

/** JSON has no word for what is not finite. */
function numberText(value: number): string {
  return Number.isFinite(value) ? String(value) : "null";
}
