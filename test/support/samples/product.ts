/** Samples of matrix products and convolutions. */
import type { Attributes } from "../../../src/ir/vocabulary.ts";
import { f32, f64 } from "./draw.ts";
import type { Samples } from "./sample.ts";

const plain: Attributes<"Gemm"> = { alpha: 1, beta: 1, transA: 0, transB: 0 };

/** A window's attributes: strides and dilations of 1 and no padding, but for what is given. */
function conv(kernel_shape: readonly number[], given: Partial<Attributes<"Conv">> = {}): Attributes<"Conv"> {
  const ones = kernel_shape.map(() => 1);
  const pads = [...kernel_shape, ...kernel_shape].map(() => 0);
  return { kernel_shape, strides: ones, dilations: ones, pads, group: 1, ...given };
}

function transposed(
  kernel_shape: readonly number[],
  given: Partial<Attributes<"ConvTranspose">> = {},
): Attributes<"ConvTranspose"> {
  return { ...conv(kernel_shape), output_padding: kernel_shape.map(() => 0), ...given };
}

export const product: Samples<"MatMul" | "Gemm" | "Conv" | "ConvTranspose"> = {
  MatMul: [
    { inputs: [f32([2, 3]), f32([3, 4])], attributes: {} },
    { inputs: [f32([1, 5]), f32([5, 1])], attributes: {} },
    { inputs: [f32([2, 2, 3]), f32([2, 3, 2])], attributes: {} },
    { inputs: [f32([2, 2, 3]), f32([3, 4])], attributes: {} },
    { inputs: [f32([2, 3]), f32([4, 3, 2])], attributes: {} },
    { inputs: [f32([2, 1, 2, 3]), f32([3, 3, 2])], attributes: {} },
    { inputs: [f32([1, 2, 3]), f32([2, 1, 3, 2])], attributes: {} },
    { inputs: [f32([0, 3]), f32([3, 2])], attributes: {} },
    { inputs: [f64([2, 3]), f64([3, 2])], attributes: {} },
  ],
  Gemm: [
    { inputs: [f32([2, 3]), f32([3, 4]), undefined], attributes: plain },
    { inputs: [f32([2, 3]), f32([3, 4]), f32([4])], attributes: plain },
    { inputs: [f32([2, 3]), f32([3, 4]), f32([])], attributes: plain },
    { inputs: [f32([2, 3]), f32([3, 4]), f32([1])], attributes: plain },
    { inputs: [f32([2, 3]), f32([3, 4]), f32([2, 1])], attributes: plain },
    { inputs: [f32([2, 3]), f32([3, 4]), f32([1, 4])], attributes: plain },
    { inputs: [f32([2, 3]), f32([3, 4]), f32([2, 4])], attributes: { ...plain, alpha: 0.5, beta: -2 } },
    { inputs: [f32([3, 2]), f32([3, 4]), f32([4])], attributes: { ...plain, transA: 1, alpha: 2 } },
    { inputs: [f32([2, 3]), f32([4, 3]), f32([4])], attributes: { ...plain, transB: 1, beta: 0.25 } },
    { inputs: [f32([3, 2]), f32([4, 3]), f32([2, 1])], attributes: { ...plain, transA: 1, transB: 1 } },
    {
      inputs: [f32([3, 2]), f32([4, 3]), undefined],
      attributes: { alpha: -1, beta: 3, transA: 1, transB: 1 },
    },
    { inputs: [f32([1, 1]), f32([1, 1]), f32([1])], attributes: plain },
    { inputs: [f32([0, 3]), f32([3, 2]), f32([2])], attributes: plain },
    { inputs: [f64([2, 3]), f64([3, 4]), f64([4])], attributes: plain },
  ],
  Conv: [
    { inputs: [f32([1, 1, 4, 4]), f32([1, 1, 3, 3]), undefined], attributes: conv([3, 3]) },
    { inputs: [f32([2, 2, 5, 4]), f32([3, 2, 3, 2]), f32([3])], attributes: conv([3, 2]) },
    {
      inputs: [f32([2, 2, 5, 5]), f32([3, 2, 3, 3]), f32([3])],
      attributes: conv([3, 3], { pads: [1, 1, 1, 1] }),
    },
    // A stride that leaves the last row unseen
    {
      inputs: [f32([1, 2, 6, 5]), f32([2, 2, 3, 3]), f32([2])],
      attributes: conv([3, 3], { strides: [2, 2] }),
    },
    {
      inputs: [f32([1, 2, 6, 6]), f32([2, 2, 4, 4]), f32([2])],
      attributes: conv([4, 4], { strides: [2, 2], pads: [1, 1, 1, 1] }),
    },
    {
      inputs: [f32([1, 2, 5, 6]), f32([2, 2, 3, 2]), f32([2])],
      attributes: conv([3, 2], { strides: [2, 3], pads: [0, 1, 2, 0] }),
    },
    {
      inputs: [f32([1, 1, 6, 7]), f32([2, 1, 2, 3]), undefined],
      attributes: conv([2, 3], { dilations: [2, 2] }),
    },
    {
      inputs: [f32([1, 2, 7, 6]), f32([2, 2, 2, 3]), f32([2])],
      attributes: conv([2, 3], { dilations: [3, 1], strides: [2, 2], pads: [1, 0, 2, 1] }),
    },
    { inputs: [f32([1, 4, 4, 4]), f32([6, 2, 3, 3]), f32([6])], attributes: conv([3, 3], { group: 2 }) },
    {
      inputs: [f32([2, 3, 5, 5]), f32([3, 1, 3, 3]), f32([3])],
      attributes: conv([3, 3], { group: 3, strides: [2, 2], pads: [1, 1, 0, 1] }),
    },
    { inputs: [f32([2, 3, 2, 2]), f32([4, 3, 1, 1]), f32([4])], attributes: conv([1, 1]) },
    {
      inputs: [f32([2, 3, 3, 5]), f32([2, 3, 1, 1]), undefined],
      attributes: conv([1, 1], { strides: [2, 2] }),
    },
    {
      inputs: [f32([2, 2, 7]), f32([3, 2, 3]), f32([3])],
      attributes: conv([3], { strides: [2], pads: [1, 0] }),
    },
    {
      inputs: [f32([1, 1, 3, 4, 3]), f32([2, 1, 2, 2, 2]), f32([2])],
      attributes: conv([2, 2, 2], { strides: [1, 2, 1], pads: [0, 1, 0, 1, 0, 0] }),
    },
    // Channels enough for gradients that are matrix products
    {
      inputs: [f32([1, 16, 4, 2]), f32([2, 16, 2, 1]), f32([2])],
      attributes: conv([2, 1], { strides: [2, 1], pads: [1, 0, 1, 0] }),
    },
  ],
  ConvTranspose: [
    { inputs: [f32([1, 1, 3, 3]), f32([1, 1, 3, 3]), undefined], attributes: transposed([3, 3]) },
    { inputs: [f32([2, 3, 3, 2]), f32([3, 2, 3, 2]), f32([2])], attributes: transposed([3, 2]) },
    {
      inputs: [f32([1, 2, 3, 3]), f32([2, 2, 4, 4]), f32([2])],
      attributes: transposed([4, 4], { strides: [2, 2], pads: [1, 1, 1, 1] }),
    },
    {
      inputs: [f32([1, 2, 3, 2]), f32([2, 3, 3, 3]), f32([3])],
      attributes: transposed([3, 3], { strides: [2, 2], pads: [1, 1, 1, 1], output_padding: [1, 1] }),
    },
    {
      inputs: [f32([1, 2, 3, 3]), f32([2, 1, 3, 2]), undefined],
      attributes: transposed([3, 2], { strides: [3, 2], pads: [0, 1, 2, 0], output_padding: [2, 0] }),
    },
    {
      inputs: [f32([1, 2, 3, 4]), f32([2, 2, 2, 3]), f32([2])],
      attributes: transposed([2, 3], { dilations: [2, 1], strides: [1, 2], pads: [1, 0, 0, 1] }),
    },
    {
      inputs: [f32([1, 4, 3, 3]), f32([4, 3, 2, 2]), f32([6])],
      attributes: transposed([2, 2], { group: 2 }),
    },
    {
      inputs: [f32([2, 3, 3, 3]), f32([3, 1, 3, 3]), f32([3])],
      attributes: transposed([3, 3], {
        group: 3,
        strides: [2, 2],
        pads: [1, 1, 1, 1],
        output_padding: [1, 1],
      }),
    },
    { inputs: [f32([2, 3, 2, 2]), f32([3, 4, 1, 1]), f32([4])], attributes: transposed([1, 1]) },
    // A stride larger than the kernel leaves gaps
    {
      inputs: [f32([1, 1, 3, 3]), f32([1, 2, 2, 2]), f32([2])],
      attributes: transposed([2, 2], { strides: [3, 3] }),
    },
    {
      inputs: [f32([2, 2, 4]), f32([2, 3, 3]), f32([3])],
      attributes: transposed([3], { strides: [2], pads: [1, 0] }),
    },
    {
      inputs: [f32([1, 1, 2, 2, 2]), f32([1, 2, 2, 2, 2]), f32([2])],
      attributes: transposed([2, 2, 2], { strides: [2, 1, 2] }),
    },
    {
      inputs: [f32([1, 2, 2, 2]), f32([2, 16, 3, 1]), f32([16])],
      attributes: transposed([3, 1], { strides: [2, 1], pads: [1, 0, 1, 0], output_padding: [1, 0] }),
    },
  ],
};
