/** Samples of activations. */
import { type Draw, exactly, f32, f64, nonzero, normal, uniform } from "./draw.ts";
import { type InputSpec, map, type NonEmpty, type Sample, type Samples, type Unary } from "./sample.ts";

type Activation = "Relu" | "LeakyRelu" | "Elu" | "Sigmoid" | "Tanh" | "Softplus" | "Softmax" | "LogSoftmax";

/** One sample for several shapes, and one with far ends and the middle. */
function pointwise(draw: Draw): NonEmpty<InputSpec> {
  return [
    f32([2, 3], draw),
    f32([], draw),
    f32([0, 2], draw),
    f32([2, 1, 3, 2], draw),
    f32([4], exactly(-30, -5, 5, 30)),
  ];
}

const plain = (x: InputSpec): Unary => ({ inputs: [x], attributes: {} });
const zero = { ...plain(f32([2], exactly(0, -0))), kinked: true } as const;

/** Along each kind of axis, and for numbers whose exponentials overflow. */
const softmax: NonEmpty<Sample<"Softmax">> = [
  { inputs: [f32([2, 5])], attributes: { axis: -1 } },
  { inputs: [f32([2, 5])], attributes: { axis: 0 } },
  { inputs: [f32([2, 3, 4])], attributes: { axis: 1 } },
  { inputs: [f32([2, 3, 4])], attributes: { axis: -3 } },
  { inputs: [f32([3, 1])], attributes: { axis: 1 } },
  { inputs: [f32([0, 3])], attributes: { axis: 1 } },
  { inputs: [f32([5], uniform(90, 110))], attributes: { axis: 0 } },
  { inputs: [f64([2, 3])], attributes: { axis: 1 } },
];

export const activation: Samples<Activation> = {
  Relu: [...map(pointwise(nonzero), plain), zero],
  LeakyRelu: [
    ...map(pointwise(nonzero), (x): Sample<"LeakyRelu"> => ({ inputs: [x], attributes: { alpha: 0.01 } })),
    { inputs: [f32([5], nonzero)], attributes: { alpha: 0.25 } },
  ],
  Elu: [
    ...map(pointwise(nonzero), (x): Sample<"Elu"> => ({ inputs: [x], attributes: { alpha: 1 } })),
    { inputs: [f32([5], nonzero)], attributes: { alpha: 0.5 } },
  ],
  Sigmoid: map(pointwise(normal), plain),
  Tanh: map(pointwise(normal), plain),
  Softplus: map(pointwise(normal), plain),
  Softmax: softmax,
  LogSoftmax: softmax,
};
