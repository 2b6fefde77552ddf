/**
 * Convolutions as matrix products: what a tap of the kernel reads of every window is a matrix, one row a window.
 *
 * ONNX Runtime computes a kernel's gradient as a convolution whose kernel is as large as the image, for a handful of
 * results each, and with a stride for some that nobody asked for. The products take a seventh less time at 4 × 4
 * taps under a stride of 2, and a third less at 3 × 3. A forward convolution gains only where these matrices are there
 * already.
 */
import type { Float } from "../ir/dtype.ts";
import { staticShape } from "../ir/shape.ts";
import type { Value } from "../ir/value.ts";
import type { Window } from "../ir/vocabulary.ts";
import { applyOne } from "../ops/apply.ts";
import { concat, gemm, pad, reshape, slice, transpose } from "../ops/index.ts";

/** Where a kernel's taps go in groups: `block` of them along each axis, `count` groups, for `channels` of input. */
interface Groups {
  readonly block: readonly number[];
  readonly count: readonly number[];
  /** Columns of a group's matrix: block × channels. */
  readonly depth: number;
}

const product = (sizes: readonly number[]) => sizes.reduce((a, b) => a * b, 1);
const between = (first: readonly number[], second: readonly number[]) =>
  first.flatMap((size, i) => [size, second[i]!]);

/** Where the stride divides the kernel, a group is as large as the stride: its blocks of pixels tile the image. */
function groupsOf(channels: number, { kernel_shape, strides, dilations }: Window): Groups {
  const fits = kernel_shape.every((size, i) => size % strides[i]! === 0 && dilations[i] === 1);
  const block = kernel_shape.map((_, i) => (fits ? strides[i]! : 1));
  const count = kernel_shape.map((size, i) => size / block[i]!);
  return { block, count, depth: product(block) * channels };
}

/** Whether the matrices of a convolution over so many channels are wide enough to be worth it: a vector of AVX-512. */
export function worthwhile(channels: number, window: Window & { readonly group: number }): boolean {
  return window.group === 1 && groupsOf(channels, window).depth >= 16;
}

/** `[batch, channels, …]` → for each group of taps `[batch · windows, depth]`, where there are `windows` along each axis. */
function matricesOf(x: Value<Float>, windows: readonly number[], window: Window): Value<Float>[] {
  const { kernel_shape, strides, dilations, pads } = window;
  const [batch, channels, ...sizes] = staticShape("Conv", x.shape) as [number, number, ...number[]];
  const { block, count, depth } = groupsOf(channels, window);
  const rank = sizes.length;
  const axes = sizes.map((_, i) => i + 1);

  const reached = windows.map(
    (all, i) => (all - 1) * strides[i]! + dilations[i]! * (kernel_shape[i]! - 1) + 1,
  );
  const ends = reached.map((size, i) => size - sizes[i]! - pads[i]!);
  const channelsLast = transpose(x, [0, ...axes.map((axis) => axis + 1), 1]);
  const padded = pad(channelsLast, [0, ...pads.slice(0, rank), 0, 0, ...ends, 0]);
  const blocks = reached.map((size, i) => size / block[i]!);
  const split = reshape(padded, [batch, ...between(blocks, block), channels]);
  const apart = [0, ...axes.map((i) => 2 * i - 1), ...axes.map((i) => 2 * i), 2 * rank + 1];
  const pixels = depth === channels ? padded : reshape(transpose(split, apart), [batch, ...blocks, depth]);

  const steps = strides.map((stride, i) => stride / block[i]!);
  return Array.from({ length: product(count) }, (_, group) => {
    const at = count.map((size, i) => Math.floor(group / product(count.slice(i + 1))) % size);
    const starts = at.map((tap, i) => tap * dilations[i]!);
    const ends = starts.map((start, i) => start + (windows[i]! - 1) * steps[i]! + 1);
    const read = applyOne("Slice", [pixels], { starts, ends, axes, steps }) as Value<Float>;
    return reshape(read, [batch * product(windows), depth]);
  });
}

/** Conv of `x` `[batch, in, …]` with `w` `[out, in, k…]` in one group: `[batch, out, …]`. */
export function convByTaps(
  x: Value<Float>,
  w: Value<Float>,
  windows: readonly number[],
  window: Window,
): Value<Float> {
  const [filters, channels] = staticShape("Conv", w.shape) as [number, number];
  const { block, count, depth } = groupsOf(channels, window);
  const axes = count.map((_, i) => i);
  const rank = axes.length;
  const split = reshape(w, [filters, channels, ...between(count, block)]);
  const order = [...axes.map((i) => 2 + 2 * i), ...axes.map((i) => 3 + 2 * i), 1, 0];
  const kernels = reshape(transpose(split, order), [product(count) * depth, filters]);
  const sum = matricesOf(x, windows, window).reduce<Value<Float> | undefined>(
    (sofar, matrix, i) => gemm(matrix, slice(kernels, 0, i * depth, (i + 1) * depth), sofar),
    undefined,
  );
  const channelsLast = reshape(sum!, [x.shape[0] as number, ...windows, filters]);
  return transpose(channelsLast, [0, rank + 1, ...axes.map((i) => i + 1)]);
}

/** The adjoint of the same in its kernel: for the cotangent `dy` `[batch, out, …]` the kernel's `[out, in, k…]`. */
export function kernelByTaps(x: Value<Float>, dy: Value<Float>, window: Window): Value<Float> {
  const [batch, filters, ...windows] = staticShape("grad of Conv", dy.shape) as [number, number, ...number[]];
  const channels = x.shape[1] as number;
  const { block, count } = groupsOf(channels, window);
  const axes = count.map((_, i) => i);
  const rank = axes.length;
  // Transposed beforehand: a product that transposes is slower than both.
  const rows = transpose(dy, [1, 0, ...axes.map((i) => i + 2)]);
  const left = reshape(rows, [filters, batch * product(windows)]);
  const sums = matricesOf(x, windows, window).map((matrix) => gemm(left, matrix));
  const split = reshape(concat(sums, 0), [...count, filters, ...block, channels]);
  const order = [rank, 2 * rank + 1, ...axes.flatMap((i) => [i, rank + 1 + i])];
  return reshape(transpose(split, order), [filters, channels, ...window.kernel_shape]);
}
