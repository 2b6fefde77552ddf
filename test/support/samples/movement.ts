/** Samples of operators that move elements. */
import { bits, f32 } from "./draw.ts";
import type { Sample, Samples } from "./sample.ts";

const others = ["float64", "int8", "uint8", "int32", "int64", "bool"] as const;

function slice(
  shape: readonly number[],
  ...cuts: [axis: number, start: number, end: number, step: number][]
): Sample<"Slice"> {
  const column = (i: number) => cuts.map((cut) => cut[i]!);
  return {
    inputs: [f32(shape)],
    attributes: { starts: column(1), ends: column(2), axes: column(0), steps: column(3) },
  };
}

type Movement = "Reshape" | "Transpose" | "Concat" | "Slice" | "Expand" | "Pad" | "Squeeze" | "Unsqueeze";

export const movement: Samples<Movement> = {
  Reshape: [
    { inputs: [f32([2, 6])], attributes: { shape: [3, 4] } },
    { inputs: [f32([2, 3, 4])], attributes: { shape: [0, -1] } },
    { inputs: [f32([2, 3, 4])], attributes: { shape: [-1, 0, 2] } },
    { inputs: [f32([1, 1])], attributes: { shape: [] } },
    { inputs: [f32([])], attributes: { shape: [1, 1, 1] } },
    { inputs: [f32([0, 4])], attributes: { shape: [0, 2, 2] } },
    ...others.map(
      (dtype): Sample<"Reshape"> => ({ inputs: [bits(dtype, [2, 3])], attributes: { shape: [-1] } }),
    ),
  ],
  Transpose: [
    { inputs: [f32([2, 3])], attributes: { perm: [1, 0] } },
    { inputs: [f32([2, 3, 4])], attributes: { perm: [2, 0, 1] } },
    { inputs: [f32([2, 3, 1, 4])], attributes: { perm: [0, 2, 3, 1] } },
    { inputs: [f32([3])], attributes: { perm: [0] } },
    { inputs: [f32([])], attributes: { perm: [] } },
    { inputs: [f32([0, 3])], attributes: { perm: [1, 0] } },
    ...others.map(
      (dtype): Sample<"Transpose"> => ({ inputs: [bits(dtype, [2, 3])], attributes: { perm: [1, 0] } }),
    ),
  ],
  Concat: [
    { inputs: [f32([2, 3]), f32([1, 3])], attributes: { axis: 0 } },
    { inputs: [f32([2, 3]), f32([2, 1]), f32([2, 2])], attributes: { axis: -1 } },
    { inputs: [f32([2, 1, 2]), f32([2, 3, 2])], attributes: { axis: -2 } },
    { inputs: [f32([2])], attributes: { axis: 0 } },
    { inputs: [f32([2, 0]), f32([2, 3])], attributes: { axis: 1 } },
    ...others.map(
      (dtype): Sample<"Concat"> => ({
        inputs: [bits(dtype, [1, 3]), bits(dtype, [2, 3])],
        attributes: { axis: 0 },
      }),
    ),
  ],
  Slice: [
    slice([6], [0, 1, 4, 1]),
    slice([6], [0, 0, 6, 2]),
    slice([6], [0, -3, -1, 1]),
    slice([6], [0, 2, 1000, 1]),
    slice([6], [0, -1000, 2, 1]),
    slice([6], [0, 4, 2, 1]),
    slice([6], [0, 5, 1, -1]),
    slice([6], [0, 4, -1000, -2]),
    slice([6], [0, 1000, 0, -3]),
    slice([6], [0, -1, -7, -1]),
    slice([6], [0, -1000, -1000, -1]),
    slice([6], [0, 2, 4, -1]),
    slice([4, 5], [0, 1, 3, 1], [1, 4, -1000, -2]),
    slice([4, 5], [-1, 0, 5, 3]),
    slice([2, 3, 4], [2, 1, 3, 1], [0, 0, 1, 1]),
    slice([0, 3], [1, 0, 2, 1]),
    // What order an object's keys are in must not matter
    { inputs: [f32([3, 6])], attributes: { steps: [2], axes: [1], ends: [5], starts: [0] } },
    ...others.map(
      (dtype): Sample<"Slice"> => ({
        inputs: [bits(dtype, [4])],
        attributes: { starts: [3], ends: [0], axes: [0], steps: [-1] },
      }),
    ),
  ],
  Expand: [
    { inputs: [f32([3])], attributes: { shape: [2, 3] } },
    { inputs: [f32([])], attributes: { shape: [2, 2] } },
    { inputs: [f32([2, 1, 3])], attributes: { shape: [4, 3] } },
    { inputs: [f32([3, 1])], attributes: { shape: [2, 1, 4] } },
    { inputs: [f32([2, 3])], attributes: { shape: [1] } },
    { inputs: [f32([1, 3])], attributes: { shape: [0, 3] } },
    ...others.map(
      (dtype): Sample<"Expand"> => ({ inputs: [bits(dtype, [2, 1])], attributes: { shape: [2, 3] } }),
    ),
  ],
  Pad: [
    { inputs: [f32([3])], attributes: { pads: [1, 2] } },
    { inputs: [f32([2, 3])], attributes: { pads: [0, 1, 2, 0] } },
    { inputs: [f32([4, 5])], attributes: { pads: [-1, 1, 1, -2] } },
    { inputs: [f32([1, 2, 3, 3])], attributes: { pads: [0, 0, 1, 1, 0, 0, 1, 1] } },
    { inputs: [f32([3, 3])], attributes: { pads: [0, 0, 0, 0] } },
    { inputs: [f32([0, 2])], attributes: { pads: [1, 0, 0, 1] } },
  ],
  Squeeze: [
    { inputs: [f32([1, 3, 1])], attributes: { axes: [0] } },
    { inputs: [f32([1, 3, 1])], attributes: { axes: [-1, 0] } },
    { inputs: [f32([1])], attributes: { axes: [0] } },
    { inputs: [f32([0, 1])], attributes: { axes: [1] } },
    ...others.map(
      (dtype): Sample<"Squeeze"> => ({ inputs: [bits(dtype, [2, 1])], attributes: { axes: [-1] } }),
    ),
  ],
  Unsqueeze: [
    { inputs: [f32([3])], attributes: { axes: [0] } },
    { inputs: [f32([2, 3])], attributes: { axes: [1, -1] } },
    { inputs: [f32([2, 3])], attributes: { axes: [3, 0] } },
    { inputs: [f32([])], attributes: { axes: [0, 1] } },
    { inputs: [f32([0])], attributes: { axes: [-2] } },
    ...others.map(
      (dtype): Sample<"Unsqueeze"> => ({ inputs: [bits(dtype, [2])], attributes: { axes: [0] } }),
    ),
  ],
};
