/** What a model is asked to run: tensors, and the text of such, which is read where the model is run. */
import { type ArrayOf, arrayOver, byteWidth, type DType } from "../../src/ir/dtype.ts";
import { sizeOf, type Tensor, type Tensors } from "../../src/ir/tensor.ts";
import { refuse } from "./error.ts";
import { notFinite } from "./finite.ts";
import { parseJson } from "./json.ts";
import { elementsOf } from "./protocol/elements.ts";

/**
 * A tensor as JSON has it. To read hundreds of numbers takes as long as all else that is done for a request, and one
 * thread does that for all requests.
 */
export interface Written {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Flat arrays of elements, `[…][…]`, of each request one. Each has one `]`, at its end: there it is cut off. */
  readonly text: Uint8Array;
  /** How many rows each of them is. */
  readonly rows: readonly number[];
}

export type Feeds = Readonly<Record<string, Tensor | Written>>;

export function isWritten(fed: Tensor | Written): fed is Written {
  return "text" in fed;
}

/** The tensors that a model is run with. Throws a 400 where a text is no such tensor, or a number not finite. */
export function tensorsIn(feeds: Feeds): Tensors {
  const tensors: Record<string, Tensor> = {};
  for (const [name, fed] of Object.entries(feeds)) tensors[name] = isWritten(fed) ? read(name, fed) : fed;
  const fact = notFinite(tensors);
  return fact === undefined ? tensors : refuse(fact);
}

function read(name: string, { dtype, shape: [, ...row], text, rows }: Written): Tensor {
  const bytes = Buffer.from(text.buffer, text.byteOffset, text.byteLength);
  let end = 0;
  // One at a time: what is read of one is garbage before the next is.
  const parts = rows.map((count): Tensor => {
    const start = end;
    end = bytes.indexOf("]", start) + 1;
    // What is not ASCII is part of no number.
    const array = parseJson(
      bytes.toString("latin1", start, end),
      `input ${name}: data`,
    ) as readonly unknown[];
    const shape = [count, ...row];
    return { dtype, shape, data: elementsOf(name, dtype, shape, array) };
  });
  return joined(parts);
}

/** Tensors that differ in their rows alone, one after the other in memory of their own, which may be given away. */
export function joined(parts: readonly Tensor[]): Tensor {
  const [{ dtype, shape }] = parts as readonly [Tensor];
  const [, ...row] = shape;
  const rows = parts.reduce((count, { shape }) => count + shape[0]!, 0);
  const length = rows * sizeOf(row);
  // Not filled with zeros first: every element is written.
  const { buffer } = Buffer.allocUnsafeSlow(length * byteWidth(dtype));
  const data = arrayOver(dtype, buffer, 0, length) as ArrayOf["float32"];
  let at = 0;
  for (const part of parts) {
    data.set(part.data as ArrayOf["float32"], at);
    at += part.data.length;
  }
  return { dtype, shape: [rows, ...row], data };
}
