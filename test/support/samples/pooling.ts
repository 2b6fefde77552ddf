/** Samples of pooling. */
import type { Attributes } from "../../../src/ir/vocabulary.ts";
import { distinct, f32, uniform } from "./draw.ts";
import type { Samples } from "./sample.ts";

function window(
  kernel_shape: readonly number[],
  given: Partial<Attributes<"MaxPool">> = {},
): Attributes<"MaxPool"> {
  const ones = kernel_shape.map(() => 1);
  const pads = [...kernel_shape, ...kernel_shape].map(() => 0);
  return { kernel_shape, strides: kernel_shape, dilations: ones, pads, ...given };
}

function average(
  kernel_shape: readonly number[],
  given: Partial<Attributes<"AveragePool">> = {},
): Attributes<"AveragePool"> {
  const { dilations: _, ...rest } = window(kernel_shape);
  return { ...rest, count_include_pad: 0, ...given };
}

export const pooling: Samples<"MaxPool" | "AveragePool" | "GlobalAveragePool"> = {
  MaxPool: [
    { inputs: [f32([2, 2, 4, 4], distinct)], attributes: window([2, 2]) },
    { inputs: [f32([1, 2, 5, 5], distinct)], attributes: window([2, 2]) },
    { inputs: [f32([1, 2, 5, 5], distinct)], attributes: window([3, 3], { strides: [1, 1] }) },
    {
      inputs: [f32([1, 2, 5, 4], distinct)],
      attributes: window([3, 2], { strides: [2, 1], pads: [1, 0, 1, 1] }),
    },
    {
      inputs: [f32([1, 1, 6, 7], distinct)],
      attributes: window([2, 3], { strides: [1, 2], dilations: [2, 2] }),
    },
    {
      inputs: [f32([1, 1, 5, 5], distinct)],
      attributes: window([2, 2], { strides: [2, 2], dilations: [2, 3], pads: [1, 1, 0, 1] }),
    },
    // All below zero: the padding must not win
    { inputs: [f32([1, 2, 4, 4], uniform(-3, -1))], attributes: window([3, 3], { pads: [1, 1, 1, 1] }) },
    { inputs: [f32([2, 2, 7], distinct)], attributes: window([3], { strides: [2], pads: [1, 0] }) },
    { inputs: [f32([1, 1, 4, 3, 4], distinct)], attributes: window([2, 2, 2], { strides: [2, 1, 2] }) },
  ],
  AveragePool: [
    { inputs: [f32([2, 2, 4, 4])], attributes: average([2, 2]) },
    { inputs: [f32([1, 2, 5, 5])], attributes: average([2, 2]) },
    { inputs: [f32([1, 2, 5, 5])], attributes: average([3, 3], { strides: [1, 1] }) },
    { inputs: [f32([1, 2, 5, 4])], attributes: average([3, 2], { strides: [2, 1], pads: [1, 0, 1, 1] }) },
    {
      inputs: [f32([1, 2, 5, 4])],
      attributes: average([3, 2], { strides: [2, 1], pads: [1, 0, 1, 1], count_include_pad: 1 }),
    },
    { inputs: [f32([1, 1, 6, 6])], attributes: average([2, 2], { strides: [3, 3] }) },
    { inputs: [f32([2, 2, 7])], attributes: average([3], { strides: [2], pads: [1, 0] }) },
    { inputs: [f32([1, 1, 4, 3, 4])], attributes: average([2, 2, 2], { strides: [2, 1, 2] }) },
  ],
  GlobalAveragePool: [
    { inputs: [f32([2, 3, 4, 5])], attributes: {} },
    { inputs: [f32([1, 1, 1, 1])], attributes: {} },
    { inputs: [f32([2, 3, 4])], attributes: {} },
    { inputs: [f32([1, 2, 2, 3, 2])], attributes: {} },
  ],
};
