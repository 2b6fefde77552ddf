/** Matrix products, convolutions and pooling. */
import type { Float } from "../ir/dtype.ts";
import { staticShape } from "../ir/shape.ts";
import type { Value } from "../ir/value.ts";
import type { Window } from "../ir/vocabulary.ts";
import { applyOne } from "./apply.ts";
import { reshape, squeeze, unsqueeze } from "./movement.ts";

/** `[…, m, k] × […, k, n] → […, m, n]`; leading axes broadcast, and a vector is a row on the left, a column on the right. */
export function matMul<D extends Float>(a: Value<D>, b: Value<D>): Value<D> {
  if (a.shape.length === 1) return squeeze(matMul(unsqueeze(a, [0]), b), [-2]);
  if (b.shape.length === 1) return squeeze(matMul(a, unsqueeze(b, [1])), [-1]);
  return applyOne("MatMul", [a, b], {}) as Value<D>;
}

/** Options of `gemm`, as in BLAS. */
export interface GemmOptions {
  readonly alpha?: number;
  readonly beta?: number;
  readonly transA?: boolean;
  readonly transB?: boolean;
}

/** alpha · a′ b′ + beta · c for matrices, where ′ transposes on request and `c` broadcasts to the product. */
export function gemm<D extends Float>(
  a: Value<D>,
  b: Value<D>,
  c?: Value<D>,
  options: GemmOptions = {},
): Value<D> {
  const { alpha = 1, beta = 1, transA = false, transB = false } = options;
  return applyOne("Gemm", [a, b, c], {
    alpha,
    beta,
    transA: transA ? 1 : 0,
    transB: transB ? 1 : 0,
  }) as Value<D>;
}

/** Where a window goes; a number stands for the same on every axis and side. */
export interface WindowOptions {
  readonly strides?: number | readonly number[];
  /** All beginnings, then all ends, one each a spatial axis. */
  readonly pads?: number | readonly number[];
  readonly dilations?: number | readonly number[];
}

function windowOf(
  kernel: readonly number[],
  { strides = 1, pads = 0, dilations = 1 }: WindowOptions,
): Window {
  const each = (value: number | readonly number[], length: number) =>
    typeof value === "number" ? Array.from({ length }, () => value) : value;
  return {
    kernel_shape: kernel,
    strides: each(strides, kernel.length),
    pads: each(pads, 2 * kernel.length),
    dilations: each(dilations, kernel.length),
  };
}

/** Cross-correlation: `x` `[batch, in, …]`, `w` `[out, in / group, k…]`, `b` `[out]` → `[batch, out, …]`. */
export function conv<D extends Float>(
  x: Value<D>,
  w: Value<D>,
  b?: Value<D>,
  options: WindowOptions & { readonly group?: number } = {},
): Value<D> {
  const window = windowOf(staticShape("Conv kernel", w.shape.slice(2)), options);
  return applyOne("Conv", [x, w, b], { ...window, group: options.group ?? 1 }) as Value<D>;
}

/** The adjoint of `conv`: `x` `[batch, in, …]`, `w` `[in, out / group, k…]`, `b` `[out]` → `[batch, out, …]`. */
export function convTranspose<D extends Float>(
  x: Value<D>,
  w: Value<D>,
  b?: Value<D>,
  options: WindowOptions & { readonly group?: number; readonly outputPadding?: readonly number[] } = {},
): Value<D> {
  const window = windowOf(staticShape("ConvTranspose kernel", w.shape.slice(2)), options);
  const output_padding = options.outputPadding ?? window.kernel_shape.map(() => 0);
  return applyOne("ConvTranspose", [x, w, b], {
    ...window,
    group: options.group ?? 1,
    output_padding,
  }) as Value<D>;
}

/** The largest element under each window of `[batch, channels, …]`; strides default to the kernel. */
export function maxPool<D extends Float>(
  x: Value<D>,
  kernel: readonly number[],
  options: WindowOptions = {},
): Value<D> {
  return applyOne("MaxPool", [x], windowOf(kernel, { strides: kernel, ...options })) as Value<D>;
}

/** The mean under each window of `[batch, channels, …]`; padding counts only on request, strides default to the kernel. */
export function averagePool<D extends Float>(
  x: Value<D>,
  kernel: readonly number[],
  options: Omit<WindowOptions, "dilations"> & { readonly countPadding?: boolean } = {},
): Value<D> {
  const { dilations: _, ...window } = windowOf(kernel, { strides: kernel, ...options });
  return applyOne("AveragePool", [x], {
    ...window,
    count_include_pad: options.countPadding ? 1 : 0,
  }) as Value<D>;
}

/** The mean over every spatial axis: `[batch, channels, …]` → `[batch, channels, 1, …]`. */
export function globalAveragePool<D extends Float>(x: Value<D>): Value<D> {
  return applyOne("GlobalAveragePool", [x], {}) as Value<D>;
}

/** `x` as a matrix `[batch, rest]`. */
export function flatten<D extends Float>(x: Value<D>): Value<D> {
  const columns = staticShape("flatten", x.shape.slice(1)).reduce((a, b) => a * b, 1);
  return reshape(x, [0, columns]);
}
