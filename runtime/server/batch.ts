/** Requests that run together: their rows one after the other along the first axis, and the answers cut apart again. */
import { type ArrayOf, arrayOver, byteWidth, type DType } from "../../src/ir/dtype.ts";
import { sizeOf, type Tensor, type Tensors } from "../../src/ir/tensor.ts";
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

/** What requests must have in common to run together: the sizes along open axes. */
export function openSizes(axes: OpenAxes, feeds: Tensors): string {
  return axes.map(([name, axis]) => feeds[name]!.shape[axis]).join();
}

/** The inputs of several requests as one's, in memory of its own that may be given away. */
export function joinRows(all: readonly Tensors[]): Tensors {
  const [first = {}] = all;
  return Object.fromEntries(
    Object.entries(first).map(([name, { dtype, shape }]) => [
      name,
      joined(
        dtype,
        shape,
        all.map((feeds) => feeds[name]!),
      ),
    ]),
  );
}

function joined(dtype: DType, [, ...row]: readonly number[], parts: readonly Tensor[]): Tensor {
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

/** Tensors in memory of their own; of any shape. */
export function copied(feeds: Tensors): Tensors {
  return Object.fromEntries(
    Object.entries(feeds).map(([name, { dtype, shape, data }]) => [
      name,
      { dtype, shape, data: data.slice() },
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
