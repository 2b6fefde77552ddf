/** Matrix products, as sums over the inner dimension. */
import type { Kernels } from "./kernel.ts";
import { at, broadcastAt, broadcastShape, generate, range } from "./tensor.ts";

/** Σ f(0) + … + f(length − 1) */
function sum(length: number, f: (i: number) => number): number {
  return range(length).reduce((total, i) => total + f(i), 0);
}

export const product: Kernels<"MatMul" | "Gemm"> = {
  MatMul: ([a, b]) => {
    const batch = broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
    const inner = a.shape.at(-1)!;
    return [
      generate(a.dtype, [...batch, a.shape.at(-2)!, b.shape.at(-1)!], (index) => {
        const [row, column] = index.slice(-2) as [number, number];
        const at = index.slice(0, -2);
        return sum(inner, (k) => broadcastAt(a, [...at, row, k]) * broadcastAt(b, [...at, k, column]));
      }),
    ];
  },
  Gemm: ([a, b, c], { alpha, beta, transA, transB }) => {
    const [rows, inner] = transA ? a.shape.toReversed() : a.shape;
    const columns = b.shape[transB ? 0 : 1]!;
    return [
      generate(a.dtype, [rows!, columns], ([i, j]) => {
        const left = (k: number) => at(a, transA ? [k, i!] : [i!, k]);
        const right = (k: number) => at(b, transB ? [j!, k] : [k, j!]);
        const bias = c === undefined ? 0 : beta * broadcastAt(c, [i!, j!]);
        return alpha * sum(inner!, (k) => left(k) * right(k)) + bias;
      }),
    ];
  },
};
