/** Convolutions and pooling over any number of spatial axes. */
import type { Window } from "../../../src/ir/vocabulary.ts";
import type { Kernels } from "./kernel.ts";
import { at, generate, type HostTensor, type Index, indices, inside, offset } from "./tensor.ts";

/** Output size and input positions of a window that slides over some spatial axes. */
function sliding(spatial: readonly number[], { kernel_shape, strides, pads, dilations }: Window) {
  const sizes = spatial.map((size, i) => {
    const padded = size + pads[i]! + pads[i + spatial.length]!;
    return Math.floor((padded - dilations[i]! * (kernel_shape[i]! - 1) - 1) / strides[i]!) + 1;
  });
  /** The input position under element `k` of the window at `position`; outside the input where that is padding. */
  const under = (position: Index, k: Index) =>
    position.map((p, i) => p * strides[i]! + k[i]! * dilations[i]! - pads[i]!);
  return { sizes, under };
}

/** Reduces the input elements under each window; `padded` counts the window's elements that lie outside. */
function pool(
  x: HostTensor,
  window: Window,
  reduce: (values: number[], padded: number) => number,
): HostTensor[] {
  const [batch, channels, ...spatial] = x.shape as [number, number, ...number[]];
  const { sizes, under } = sliding(spatial, window);
  return [
    generate(x.dtype, [batch, channels, ...sizes], ([n, c, ...position]) => {
      const all = indices(window.kernel_shape).map((k) => under(position, k));
      const there = all.filter((index) => inside(spatial, index));
      const values = there.map((index) => at(x, [n!, c!, ...index]));
      return reduce(values, all.length - there.length);
    }),
  ];
}

const mean = (values: readonly number[], count: number) => values.reduce((a, b) => a + b, 0) / count;

type Windowed = "Conv" | "ConvTranspose" | "MaxPool" | "AveragePool" | "GlobalAveragePool";

export const windowed: Kernels<Windowed> = {
  Conv: ([x, w, b], window) => {
    const [batch, , ...spatial] = x.shape as [number, number, ...number[]];
    const [out, perGroup, ...kernel] = w.shape as [number, number, ...number[]];
    const { sizes, under } = sliding(spatial, window);
    return [
      generate(x.dtype, [batch, out, ...sizes], ([n, o, ...position]) => {
        const group = Math.floor(o! / (out / window.group));
        let sum = b?.data[o!] ?? 0;
        for (const [c, ...k] of indices([perGroup, ...kernel])) {
          const index = under(position, k);
          if (!inside(spatial, index)) continue;
          sum += at(x, [n!, group * perGroup + c!, ...index]) * at(w, [o!, c!, ...k]);
        }
        return sum;
      }),
    ];
  },
  // Every input element adds a copy of the kernel, `strides` apart, to the output.
  ConvTranspose: ([x, w, b], { kernel_shape, strides, pads, dilations, output_padding, group }) => {
    const [batch, channels, ...spatial] = x.shape as [number, number, ...number[]];
    const perGroup = w.shape[1]!;
    const sizes = spatial.map((size, i) => {
      const reach = dilations[i]! * (kernel_shape[i]! - 1) + 1;
      return strides[i]! * (size - 1) + reach + output_padding[i]! - pads[i]! - pads[i + spatial.length]!;
    });
    const shape = [batch, perGroup * group, ...sizes];
    const data = indices(shape).map(([, o]) => b?.data[o!] ?? 0);
    for (const [n, c, ...position] of indices(x.shape)) {
      const first = Math.floor(c! / (channels / group)) * perGroup;
      for (const [o, ...k] of indices([perGroup, ...kernel_shape])) {
        const index = position.map((p, i) => p * strides[i]! + k[i]! * dilations[i]! - pads[i]!);
        if (!inside(sizes, index)) continue;
        const target = offset(shape, [n!, first + o!, ...index]);
        data[target] = data[target]! + at(x, [n!, c!, ...position]) * at(w, [c!, o!, ...k]);
      }
    }
    return [{ dtype: x.dtype, shape, data }];
  },
  MaxPool: ([x], window) => pool(x, window, (values) => Math.max(...values)),
  AveragePool: ([x], window) =>
    pool(x, { ...window, dilations: window.strides.map(() => 1) }, (values, padded) =>
      mean(values, values.length + (window.count_include_pad ? padded : 0)),
    ),
  GlobalAveragePool: ([x]) => {
    const [batch, channels, ...spatial] = x.shape as [number, number, ...number[]];
    return [
      generate(x.dtype, [batch, channels, ...spatial.map(() => 1)], ([n, c]) => {
        const values = indices(spatial).map((index) => at(x, [n!, c!, ...index]));
        return mean(values, values.length);
      }),
    ];
  },
};
