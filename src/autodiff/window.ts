/**
 * Cotangents of convolutions and pooling, which are convolutions themselves (Dumoulin & Visin 2016): with respect to
 * the input the transposed one, with respect to the kernel one in which strides and dilations change places.
 */
import type { Float } from "../ir/dtype.ts";
import { arrayOf } from "../ir/dtype.ts";
import { type Shape, staticShape } from "../ir/shape.ts";
import { tensor } from "../ir/tensor.ts";
import { constant, type Value } from "../ir/value.ts";
import type { Attributes, Window } from "../ir/vocabulary.ts";
import {
  cast,
  conv,
  convTranspose,
  div,
  equal,
  max,
  mul,
  reduceSum,
  reshape,
  slice,
  transpose,
  unsqueeze,
} from "../ops/index.ts";
import { convByTaps, kernelByTaps, worthwhile } from "./taps.ts";

/** The adjoint of Conv in its input of shape `shape`: the rows that its stride left out are padded back. */
export function convAdjoint(
  dy: Value<Float>,
  w: Value<Float>,
  shape: Shape,
  attributes: Window & { readonly group: number },
): Value<Float> {
  const { kernel_shape, strides, pads, dilations } = attributes;
  const sizes = staticShape("grad of Conv", shape.slice(2));
  const out = staticShape("grad of Conv", dy.shape.slice(2));
  const outputPadding = sizes.map((size, i) => {
    const reached = (out[i]! - 1) * strides[i]! + dilations[i]! * (kernel_shape[i]! - 1) + 1;
    return size - reached + pads[i]! + pads[i + sizes.length]!;
  });
  return convTranspose(dy, w, undefined, { ...attributes, outputPadding });
}

/**
 * The adjoint of Conv in its kernel: for input `x` `[n, g·c, …]` and cotangent `dy` `[n, g·m, …]`, the kernel's
 * `[g·m, c, k…]`. Channels take the place of the batch, which becomes the channels that are summed over.
 */
export function convKernelAdjoint(
  x: Value<Float>,
  dy: Value<Float>,
  shape: Shape,
  attributes: Window & { readonly group: number },
): Value<Float> {
  const { strides, pads, dilations, group } = attributes;
  const [batch, channels, ...spatial] = staticShape("grad of Conv", x.shape) as [number, number, ...number[]];
  if (worthwhile(channels, attributes)) return kernelByTaps(x, dy, attributes);
  const axes = spatial.map((_, i) => i);
  const grouped = reshape(x, [batch, group, channels / group, ...spatial]);
  const images = reshape(transpose(grouped, [2, 1, 0, ...axes.map((i) => i + 3)]), [
    channels / group,
    group * batch,
    ...spatial,
  ]);
  const swapped = [1, 0, ...axes.map((i) => i + 2)];
  const kernels = transpose(dy, swapped);
  const sums = conv(images, kernels, undefined, { strides: dilations, pads, dilations: strides, group });
  // Where the stride did not reach the end of the image, the sum has rows that belong to no tap of the kernel.
  const taps = staticShape("grad of Conv", shape.slice(2));
  return transpose(cropped(sums, taps), swapped);
}

/** The first positions of each spatial axis, so many. */
function cropped(x: Value<Float>, sizes: readonly number[]): Value<Float> {
  return sizes.reduce((y, size, i) => (y.shape[i + 2] === size ? y : slice(y, i + 2, 0, size)), x);
}

/** The adjoint of ConvTranspose in its input of shape `shape`; its products share matrices with those of the kernel. */
export function convTransposeAdjoint(
  dy: Value<Float>,
  w: Value<Float>,
  shape: Shape,
  attributes: Window & { readonly group: number },
): Value<Float> {
  const [, channels] = staticShape("grad of ConvTranspose", dy.shape) as [number, number];
  const windows = staticShape("grad of ConvTranspose", shape.slice(2));
  // Padding of the output as long as the stride has room for windows more, which no input was at.
  return worthwhile(channels, attributes)
    ? convByTaps(dy, w, windows, attributes)
    : cropped(conv(dy, w, undefined, attributes), windows);
}

/** The adjoint of a bias: the sum over everything but the channels. */
export function channelSum(dy: Value<Float>): Value<Float> {
  return reduceSum(
    dy,
    dy.shape.map((_, i) => i).filter((i) => i !== 1),
  );
}

/** How many of the kernel's taps lie inside the image, or which do: one row a tap, one column a position. */
function tapsInside(
  sizes: readonly number[],
  out: readonly number[],
  { kernel_shape, strides, pads, dilations }: Window,
): Float64Array[] {
  const count = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
  const unravel = (flat: number, shape: readonly number[]) =>
    shape.map((size, i) => Math.floor(flat / count(shape.slice(i + 1))) % size);
  return Array.from({ length: count(kernel_shape) }, (_, tap) => {
    const offset = unravel(tap, kernel_shape);
    return Float64Array.from({ length: count(out) }, (_, position) => {
      const corner = unravel(position, out);
      return Number(
        sizes.every((size, i) => {
          const at = corner[i]! * strides[i]! + offset[i]! * dilations[i]! - pads[i]!;
          return at >= 0 && at < size;
        }),
      );
    });
  });
}

/** The adjoint of AveragePool: every window's share, spread by a transposed convolution with ones. */
export function averagePoolAdjoint(
  dy: Value<Float>,
  shape: Shape,
  attributes: Attributes<"AveragePool">,
): Value<Float> {
  const { kernel_shape, count_include_pad } = attributes;
  const window = { ...attributes, dilations: kernel_shape.map(() => 1) };
  const [, channels, ...sizes] = staticShape("grad of AveragePool", shape) as [number, number, ...number[]];
  const out = staticShape("grad of AveragePool", dy.shape.slice(2));
  const inside = tapsInside(sizes, out, window);
  const shares = inside[0]!.map((_, position) => {
    const counted = inside.reduce((sum, tap) => sum + tap[position]!, 0);
    return 1 / (count_include_pad ? inside.length : counted);
  });
  const share = constant(tensor(dy.dtype, [1, 1, ...out], arrayOf(dy.dtype, shares)));
  const ones = arrayOf(
    dy.dtype,
    Array.from({ length: channels * inside.length }, () => 1),
  );
  const kernel = constant(tensor(dy.dtype, [channels, 1, ...kernel_shape], ones));
  return convAdjoint(mul(dy, share), kernel, shape, { ...window, group: channels });
}

/** Less than any pixel, and finite: −∞ is what others pad with before they pool, and a convolution would multiply it by 0. */
const LEAST = -(2 ** 127);

/**
 * The adjoint of MaxPool: a convolution whose kernels are single ones lays out what each window saw, `dy` goes to the
 * elements that equal the largest (in equal shares), and the transposed convolution brings them home.
 */
export function maxPoolAdjoint(
  dy: Value<Float>,
  x: Value<Float>,
  y: Value<Float>,
  window: Window,
): Value<Float> {
  const [batch, channels, ...sizes] = staticShape("grad of MaxPool", x.shape) as [
    number,
    number,
    ...number[],
  ];
  const out = staticShape("grad of MaxPool", y.shape.slice(2));
  const inside = tapsInside(sizes, out, window);
  const taps = inside.length;
  const single = Float64Array.from({ length: channels * taps * taps }, (_, i) =>
    Number(i % taps === Math.floor(i / taps) % taps),
  );
  const kernel = constant(
    tensor(dy.dtype, [channels * taps, 1, ...window.kernel_shape], arrayOf(dy.dtype, single)),
  );
  const seen = conv(max(x, LEAST), kernel, undefined, { ...window, group: channels });
  const laidOut = reshape(seen, [batch, channels, taps, ...out]);
  const within = constant(
    tensor(
      dy.dtype,
      [1, 1, taps, ...out],
      arrayOf(
        dy.dtype,
        inside.flatMap((tap) => [...tap]),
      ),
    ),
  );
  const chosen = mul(cast(equal(laidOut, unsqueeze(max(y, LEAST), [2])), dy.dtype), within);
  const share = div(chosen, reduceSum(chosen, [2], { keepDims: true }));
  const handedBack = reshape(mul(share, unsqueeze(dy, [2])), [batch, channels * taps, ...out]);
  return convAdjoint(handedBack, kernel, x.shape, { ...window, group: channels });
}
