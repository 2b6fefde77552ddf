/** Requests that run together: their rows one after the other along the first axis, and the answers cut apart again. */
import type { Tensor, Tensors } from "../../src/ir/tensor.ts";
import { type Feeds, isWritten, joined, type Written } from "./feeds.ts";
import type { Ports, Signature } from "./worker.ts";

/**
 * Whether rows of several requests may share a run: the first axis of every input and output has one and the same
 * name, as `batch` has in what Isthmus exports, and no row changes what another gives.
 */
export function isBatched({ inputs, outputs, mixesRows }: Signature): boolean {
  if (mixesRows) return false;
  const [axis] = inputs[0]?.shape ?? [];
  if (typeof axis !== "string" || axis === "") return false;
  return [...inputs, ...outputs].every(({ shape }) => shape[0] === axis && !shape.slice(1).includes(axis));
}

/** Of an input's axes those whose sizes the model leaves open, the first aside. */
export type OpenAxes = readonly (readonly [input: string, axis: number])[];

export function openAxes({ inputs }: Pick<Ports, "inputs">): OpenAxes {
  return inputs.flatMap(({ name, shape }) =>
    shape.flatMap((dim, i) => (i === 0 || typeof dim === "number" ? [] : [[name, i] as const])),
  );
}

/** What requests must have in common to run together: the sizes along open axes, and which inputs are text. */
export function keyOf(axes: OpenAxes, feeds: Feeds): string {
  let key = "";
  for (const fed of Object.values(feeds)) key += isWritten(fed) ? "w" : "t";
  for (const [name, axis] of axes) key += `,${feeds[name]!.shape[axis]}`;
  return key;
}

/** The inputs of several requests as one's, in memory of its own that may be given away. */
export function joinRows(all: readonly Feeds[]): Feeds {
  const [first = {}] = all;
  return Object.fromEntries(
    Object.entries(first).map(([name, fed]) => {
      const parts = all.map((feeds) => feeds[name]!);
      return [name, isWritten(fed) ? joinedText(parts as Written[]) : joined(parts as Tensor[])];
    }),
  );
}

function joinedText(parts: readonly Written[]): Written {
  const [{ dtype, shape }] = parts as readonly [Written];
  const rows = parts.flatMap(({ rows }) => rows);
  const text = Buffer.allocUnsafeSlow(parts.reduce((bytes, { text }) => bytes + text.length, 0));
  let at = 0;
  for (const part of parts) {
    text.set(part.text, at);
    at += part.text.length;
  }
  return { dtype, shape: [rows.reduce((sum, count) => sum + count, 0), ...shape.slice(1)], text, rows };
}

/** Inputs in memory of their own; of any shape. */
export function copied(feeds: Feeds): Feeds {
  return Object.fromEntries(
    Object.entries(feeds).map(([name, fed]) => [
      name,
      // A slice of a Buffer would share its memory.
      isWritten(fed) ? { ...fed, text: new Uint8Array(fed.text) } : { ...fed, data: fed.data.slice() },
    ]),
  );
}

/** Cuts rows `start` to `end` − 1 out of every tensor, as views. */
export function rowsOf(all: Tensors): (start: number, end: number) => Tensors {
  const tensors = Object.entries(all).map(([name, { dtype, shape, data }]) => {
    const [rows, ...row] = shape;
    return { name, dtype, row, one: [1, ...row], data, size: data.length / rows! };
  });
  return (start, end) => {
    const count = end - start;
    const cut: Record<string, Tensor> = {};
    for (const { name, dtype, row, one, data, size } of tensors) {
      // Most requests are of one row, and it is cheaper to share its shape.
      const shape = count === 1 ? one : [count, ...row];
      cut[name] = { dtype, shape, data: data.subarray(start * size, end * size) };
    }
    return cut;
  };
}
