/** Inference responses: a JSON object, with the bytes of the tensors behind it that were asked for so. */
import { isFloat } from "../../../src/ir/dtype.ts";
import { fromHalf } from "../../../src/ir/float16.ts";
import { sameShape } from "../../../src/ir/shape.ts";
import type { Tensor, Tensors } from "../../../src/ir/tensor.ts";
import type { ServedModel } from "../model.ts";
import type { InferRequest, RequestedOutput } from "./request.ts";

export interface InferResponse {
  readonly body: Buffer | string;
  /** Where the JSON ends, if anything follows it. */
  readonly headerLength: number | undefined;
}

type Outputs = readonly RequestedOutput[];

/** The JSON that was written last for a model, where all tensors came behind it, and for which outputs of which shapes. */
const known = new WeakMap<
  ServedModel,
  { readonly outputs: Outputs; readonly shapes: readonly Tensor["shape"][]; readonly json: Buffer }
>();

/** The answer to a request. Throws a 413 where it would be too large. */
export function writeResponse(
  model: ServedModel,
  { id, outputs }: InferRequest,
  results: Tensors,
): InferResponse {
  let [elements, inJson] = [0, 0];
  for (const { name, isBinary } of outputs) {
    const { length } = results[name]!.data;
    elements += length;
    if (!isBinary) inJson += length;
  }
  model.requireAnswerable(elements, inJson);
  if (!outputs.some(isBinary)) return { body: jsonOf(model, id, outputs, results), headerLength: undefined };
  const json = headOf(model, id, outputs, results);
  let length = json.length;
  for (const { name, isBinary } of outputs) if (isBinary) length += results[name]!.data.byteLength;
  const body = Buffer.allocUnsafe(length);
  body.set(json);
  let at = json.length;
  for (const { name, isBinary } of outputs) {
    if (!isBinary) continue;
    const { buffer, byteOffset, byteLength } = results[name]!.data;
    body.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    at += byteLength;
  }
  return { body, headerLength: json.length };
}

/** What stands before the bytes of tensors: mostly the same as last time, when it is not put together again. */
function headOf(model: ServedModel, id: string | undefined, outputs: Outputs, results: Tensors): Buffer {
  const last = known.get(model);
  // The same objects are what `readRequest` found in the same JSON: with the same id.
  if (
    last?.outputs === outputs &&
    outputs.every(({ name }, i) => sameShape(results[name]!.shape, last.shapes[i]!))
  )
    return last.json;
  const json = Buffer.from(jsonOf(model, id, outputs, results));
  const shapes = outputs.map(({ name }) => results[name]!.shape);
  if (outputs.every(isBinary)) known.set(model, { outputs, shapes, json });
  return json;
}

function isBinary(output: RequestedOutput): boolean {
  return output.isBinary;
}

function jsonOf(model: ServedModel, id: string | undefined, outputs: Outputs, results: Tensors): string {
  const written = outputs.map(({ name, isBinary, head }) => {
    const tensor = results[name]!;
    const shaped = `${head},"shape":[${tensor.shape}]`;
    return isBinary
      ? `${shaped},"parameters":{"binary_data_size":${tensor.data.byteLength}}}`
      : `${shaped},"data":${elementsText(tensor)}}`;
  });
  const named = id === undefined ? "" : `,"id":${JSON.stringify(id)}`;
  return `{"model_name":${JSON.stringify(model.name)},"model_version":"${model.version}"${named},"outputs":[${written}]}`;
}

/** The elements as a flat JSON array; what is not finite is null, for JSON has no word for it. */
function elementsText({ dtype, data }: Tensor): string {
  if (dtype === "bool") return JSON.stringify(Array.from(data as Uint8Array, (value) => value !== 0));
  if (dtype === "float16") return JSON.stringify(Array.from(data as Uint16Array, fromHalf));
  if (isFloat(dtype)) return JSON.stringify(Array.from(data as Float32Array));
  // 64-bit integers are no JSON numbers to `stringify`.
  return `[${data.join()}]`;
}
