/** Models that keep tensors in other files beside them. */
import { fail } from "../ir/error.ts";

/** Of the messages that tensors are in, the fields that lead to them (onnx.proto3, IR version 8 to 13). */
const fields = {
  model: { 7: "graph", 20: "training", 25: "function" },
  training: { 1: "graph", 2: "graph" },
  function: { 7: "node", 11: "attribute" },
  graph: { 1: "node", 5: "tensor", 15: "sparse" },
  node: { 5: "attribute" },
  attribute: { 5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse" },
  sparse: { 1: "tensor", 2: "tensor" },
  tensor: { 13: "external" },
  external: {},
} as const;

type Message = keyof typeof fields;

/** How the value of a field is written. */
const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/**
 * Throws, naming `subject`, where a tensor of the model lies in another file, or the model is in a format of ONNX
 * Runtime's own, in which that can't be seen.
 *
 * It reads the bytes, and no parsed model: of a message that is there twice where one is meant, a parser may take the
 * last one, as protobufjs does, and another both together, as ONNX Runtime's does. What either finds is found here.
 */
export function requireOneFile(bytes: Uint8Array, subject: string): void {
  if (String.fromCharCode(...bytes.subarray(4, 8)) === "ORTM")
    fail(subject, "is no ONNX, but ONNX Runtime's format");
  const left: [message: Message, start: number, end: number][] = [["model", 0, bytes.length]];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const [message, start, end] = next;
    if (message === "external") fail(subject, "a tensor lies in another file, which is not supported");
    const inside: Readonly<Record<number, Message>> = fields[message];
    for (let at = start; at < end; ) {
      const tag = varintAt(bytes, at);
      // A field's number and its form have 32 bits together, whatever stands above them.
      const [field, form] = [(tag.value % 2 ** 32) >>> 3, tag.value & 7];
      at = tag.end;
      if (form === FIXED64) at += 8;
      else if (form === FIXED32) at += 4;
      // The ends of a group have no value of their own; what it holds is looked at as if it stood outside.
      else if (form === VARINT) at = varintAt(bytes, at).end;
      else if (form === BYTES) {
        const length = varintAt(bytes, at);
        at = length.end + length.value;
        if (inside[field] !== undefined && at <= end) left.push([inside[field], length.end, at]);
      }
      if (!(at <= end)) fail(subject, "not an ONNX model, or a damaged one (it ends within a field)");
    }
  }
}

/** A number of seven bits a byte, the lowest first. */
function varintAt(bytes: Uint8Array, start: number): { readonly value: number; readonly end: number } {
  let value = 0;
  for (let at = start, scale = 1; ; at++, scale *= 128) {
    const byte = bytes[at] ?? 0;
    value += (byte & 127) * scale;
    if (byte < 128) return { value, end: at + 1 };
  }
}
