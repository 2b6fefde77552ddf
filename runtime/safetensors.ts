/** The safetensors format (github.com/huggingface/safetensors): a JSON header, then the tensors' bytes. */
import { arrayFromBytes, byteWidth, type DType } from "../src/ir/dtype.ts";
import { fail } from "../src/ir/error.ts";
import { sizeOf, type Tensor, type Tensors } from "../src/ir/tensor.ts";

const codes: { readonly [D in DType]: string } = {
  float16: "F16",
  float32: "F32",
  float64: "F64",
  int8: "I8",
  uint8: "U8",
  int32: "I32",
  int64: "I64",
  bool: "BOOL",
};
const dtypes = new Map(Object.entries(codes).map(([dtype, code]) => [code, dtype as DType]));

/** What a file in the safetensors format holds. */
export interface SafeTensors {
  readonly tensors: Tensors;
  /** Texts by name, such as `format`, which PyTorch asks to be `pt`. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** The bytes of a file. The same tensors and metadata, in the same order, give the same bytes. */
export function writeSafetensors({ tensors, metadata }: SafeTensors): Uint8Array {
  const header: [name: string, entry: unknown][] = [["__metadata__", metadata]];
  let end = 0;
  for (const [name, { dtype, shape, data }] of Object.entries(tensors)) {
    header.push([name, { dtype: codes[dtype], shape, data_offsets: [end, end + data.byteLength] }]);
    end += data.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  // Spaces bring the first tensor to a multiple of 8, so that readers can map the file.
  const start = 8 * Math.ceil((8 + json.length) / 8);
  const bytes = new Uint8Array(start + end).fill(0x20, 8 + json.length, start);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(start - 8), true);
  bytes.set(json, 8);
  let at = start;
  for (const { data } of Object.values(tensors)) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

/** The tensors of a file, as views of its bytes where alignment allows. Throws one line where it is damaged. */
export function readSafetensors(bytes: Uint8Array, subject: string): SafeTensors {
  const damaged = (fact: string) => fail(subject, `not a safetensors file, or a damaged one: ${fact}`);
  if (bytes.length < 8) damaged("it is shorter than its header's length");
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (length > bytes.length - 8) damaged(`its header of ${length} bytes does not fit`);
  const header = parseHeader(bytes.subarray(8, 8 + length)) ?? damaged("its header is not JSON");
  const content = bytes.subarray(8 + length);
  const { __metadata__: metadata = {}, ...entries } = header;
  const tensors = Object.entries(entries).map(([name, entry]): [string, Tensor] => {
    const { dtype: code, shape, data_offsets: offsets } = (entry ?? {}) as Partial<Record<string, unknown>>;
    const dtype = dtypes.get(code as string) ?? damaged(`${name} has the dtype ${code}`);
    if (!isSizes(shape) || !isSizes(offsets) || offsets.length !== 2)
      return damaged(`${name} has no shape and offsets`);
    const [start = 0, end = 0] = offsets;
    if (end > content.length || end - start !== sizeOf(shape) * byteWidth(dtype))
      damaged(`${name} does not fit its bytes`);
    return [name, { dtype, shape, data: arrayFromBytes(dtype, content.subarray(start, end)) }];
  });
  const held = tensors.reduce((total, [, { data }]) => total + data.byteLength, 0);
  if (held !== content.length)
    damaged(`its tensors have ${held} bytes, and ${content.length} follow its header`);
  if (!isTexts(metadata)) return damaged("its metadata are not texts");
  return { tensors: Object.fromEntries(tensors), metadata };
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    const header: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof header === "object" && header !== null ? (header as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function isTexts(value: unknown): value is Record<string, string> {
  return (
    typeof value === "object" &&
    value !== null &&
    Object.values(value).every((text) => typeof text === "string")
  );
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}
