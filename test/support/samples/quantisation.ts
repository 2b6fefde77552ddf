/** Samples of quantisation: scales that are powers of two, so that no quotient is rounded twice. */
import { exactly, f32, int, integers, uniform } from "./draw.ts";
import type { Samples } from "./sample.ts";

const bytes = integers(0, 256);
const signed = integers(-128, 128);
/** Multiples of 1/64 that reach from −1/64 to 254/64, so that 255 steps of 1/64 are the whole range. */
const steps = exactly(-1 / 64, 0, 0.25, 0.5, 1, 100 / 64, 3, 254 / 64);

type Quantisation = "QuantizeLinear" | "DequantizeLinear" | "DynamicQuantizeLinear" | "MatMulInteger";

export const quantisation: Samples<Quantisation> = {
  QuantizeLinear: [
    {
      inputs: [f32([3, 5], uniform(-4, 4)), f32([], exactly(1 / 16)), int("uint8", [], exactly(50))],
      attributes: { axis: 0 },
    },
    {
      inputs: [f32([3, 5], uniform(-4, 4)), f32([], exactly(1 / 64)), int("int8", [], exactly(0))],
      attributes: { axis: 0 },
    },
    // Halves go to the even neighbour
    {
      inputs: [
        f32([6], exactly(-2.5, -1.5, -0.5, 0.5, 1.5, 2.5)),
        f32([], exactly(1)),
        int("uint8", [], exactly(7)),
      ],
      attributes: { axis: 0 },
    },
    {
      inputs: [
        f32([2, 3, 4], uniform(-4, 4)),
        f32([3], exactly(0.125, 0.5, 2)),
        int("uint8", [3], exactly(0, 3, 255)),
      ],
      attributes: { axis: 1 },
    },
    { inputs: [f32([0, 2]), f32([], exactly(1)), int("uint8", [], exactly(0))], attributes: { axis: 0 } },
  ],
  DequantizeLinear: [
    {
      inputs: [int("uint8", [3, 5], bytes), f32([], exactly(0.1)), int("uint8", [], exactly(128))],
      attributes: { axis: 0 },
    },
    {
      inputs: [
        int("uint8", [3, 5], bytes),
        f32([3], uniform(0.01, 1)),
        int("uint8", [3], exactly(128, 0, 7)),
      ],
      attributes: { axis: 0 },
    },
    {
      inputs: [int("int8", [3, 2, 2], signed), f32([2], uniform(0.01, 1)), undefined],
      attributes: { axis: -2 },
    },
    {
      inputs: [int("int32", [4], integers(-1e6, 1e6)), f32([4], uniform(1e-6, 1e-5)), undefined],
      attributes: { axis: 0 },
    },
  ],
  DynamicQuantizeLinear: [
    { inputs: [f32([2, 4], steps)], attributes: {} },
    { inputs: [f32([3], exactly(85 / 64, 170 / 64, 255 / 64))], attributes: {} },
    { inputs: [f32([2], exactly(-255 / 64, -3 / 64))], attributes: {} },
    { inputs: [f32([2, 2], exactly(0, 0, 0, 0))], attributes: {} },
  ],
  MatMulInteger: [
    {
      inputs: [
        int("uint8", [3, 5], bytes),
        int("uint8", [5, 2], bytes),
        int("uint8", [], exactly(3)),
        int("uint8", [], exactly(128)),
      ],
      attributes: {},
    },
    // Longer sums than what two products of extremes leave room for in 16 bits
    {
      inputs: [
        int("uint8", [2, 40], integers(250, 256)),
        int("uint8", [40, 3], integers(250, 256)),
        int("uint8", [], exactly(0)),
        int("uint8", [], exactly(128)),
      ],
      attributes: {},
    },
    {
      inputs: [
        int("uint8", [2, 3, 4], bytes),
        int("int8", [4, 2], signed),
        int("uint8", [], exactly(7)),
        int("int8", [], exactly(0)),
      ],
      attributes: {},
    },
  ],
};
