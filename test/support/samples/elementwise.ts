/** Samples of elementwise operators: every way to broadcast, and the dtypes beside float32. */
import { type DType, type Integer, isFloat } from "../../../src/ir/dtype.ts";
import {
  bits,
  bool,
  type Draw,
  exactly,
  f32,
  f64,
  int,
  integers,
  lattice,
  nonzero,
  normal,
  uniform,
} from "./draw.ts";
import { type Binary, map, type NonEmpty, type Sample, type Samples, type Unary } from "./sample.ts";

// biome-ignore format: a pair of shapes a line
const shapes: NonEmpty<readonly [a: number[], b: number[]]> = [
  [[2, 3], [2, 3]],
  [[2, 3], [3]],
  [[3], [2, 3]],
  [[], [2, 3]],
  [[2, 3], []],
  [[], []],
  [[2, 1, 4], [3, 1]],
  [[1, 3], [2, 1]],
  [[1], []],
  [[0, 3], [3]],
  [[2, 0], [1, 1]],
];

/** The integers that ONNX Runtime's CPU provider does arithmetic on. */
const wide: readonly Integer[] = ["int32", "int64"];
const small = integers(-9, 10);

/** Float operands in all shapes, then integers in one. */
function binary(floats: [a: Draw, b: Draw], whole: [a: Draw, b: Draw] = [small, small]): NonEmpty<Binary> {
  return [
    ...map(shapes, ([a, b]): Binary => ({ inputs: [f32(a, floats[0]), f32(b, floats[1])], attributes: {} })),
    { inputs: [f64([2, 3], floats[0]), f64([1, 3], floats[1])], attributes: {} },
    ...wide.map(
      (dtype): Binary => ({
        inputs: [int(dtype, [4, 5], whole[0]), int(dtype, [5], whole[1])],
        attributes: {},
      }),
    ),
  ];
}

const comparison = binary([integers(-1, 2), integers(-1, 2)], [integers(-2, 3), integers(-2, 3)]);

const logical = map(shapes, ([a, b]): Binary => ({ inputs: [bool(a), bool(b)], attributes: {} }));

/** Floats of several ranks, then integers, then the points where something special happens. */
function unary(draw: Draw, dtypes: readonly DType[] = [], ...special: number[]): NonEmpty<Unary> {
  const floats = [f32([2, 3], draw), f32([], draw), f32([0, 2], draw), f32([1, 2, 1, 3], draw)] as const;
  return [
    ...map(floats, (x): Unary => ({ inputs: [x], attributes: {} })),
    ...dtypes.map(
      (dtype): Unary => ({ inputs: [{ dtype, shape: [7], draw: drawOf(dtype, draw) }], attributes: {} }),
    ),
    { inputs: [f32([special.length], exactly(...special))], attributes: {}, kinked: true },
  ];
}

function drawOf(dtype: DType, draw: Draw): Draw {
  return isFloat(dtype) ? draw : integers(dtype === "uint8" ? 0 : -9, 10);
}

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
type Elementwise =
  | "Add"
  | "Sub"
  | "Mul"
  | "Div"
  | "Pow"
  | "Max"
  | "Min"
  | "Equal"
  | "Greater"
  | "GreaterOrEqual"
  | "Less"
  | "LessOrEqual"
  | "And"
  | "Or"
  | "Not"
  | "Abs"
  | "Neg"
  | "Sign"
  | "Floor"
  | "Exp"
  | "Log"
  | "Sqrt"
  | "Reciprocal"
  | "Erf"
  | "Where"
  | "Clip"
  | "Cast"
  | "Identity"
  | "StopGradient";

const cast = (dtype: DType, draw: Draw, to: DType): Sample<"Cast"> => ({
  inputs: [{ dtype, shape: [3, 4], draw }],
  attributes: { to },
});

export const elementwise: Samples<Elementwise> = {
  Add: binary([normal, normal]),
  Sub: binary([normal, normal]),
  Mul: binary([normal, normal]),
  Div: binary([normal, nonzero], [small, exactly(-3, -2, 2, 3, 7)]),
  Pow: [
    ...binary([uniform(0.5, 2), uniform(-2, 2)], [small, integers(0, 4)]),
    { inputs: [f32([2, 4], nonzero), f32([4], exactly(2, 3, -1, 1))], attributes: {} },
  ],
  Max: binary([lattice(0), lattice(0.1)]),
  Min: binary([lattice(0), lattice(0.1)]),
  Equal: [...comparison, { inputs: [bool([2, 4]), bool([4])], attributes: {} }],
  Greater: comparison,
  GreaterOrEqual: comparison,
  Less: comparison,
  LessOrEqual: comparison,
  And: logical,
  Or: logical,
  Not: [
    { inputs: [bool([2, 3])], attributes: {} },
    { inputs: [bool([])], attributes: {} },
  ],
  Abs: unary(nonzero, ["float64", "int8", "uint8", "int32", "int64"], 0, -inf, nan),
  Neg: unary(normal, ["float64", "int8", "int32", "int64"]),
  Sign: unary(nonzero, ["float64", "int8", "uint8", "int32", "int64"], 0, inf),
  Floor: unary(lattice(0.1), ["float64"], -1, 0, 2, -inf),
  Exp: unary(normal, ["float64"], -inf, inf, -200, nan),
  Log: unary(uniform(0.5, 4), ["float64"], 0, inf, -1),
  Sqrt: unary(uniform(0.5, 4), ["float64"], 0, inf, -1),
  Reciprocal: unary(nonzero, ["float64"], 0, inf),
  Erf: unary(normal, [], 0, inf, -inf, 5),
  Where: [
    { inputs: [bool([2, 3]), f32([2, 3]), f32([2, 3])], attributes: {} },
    { inputs: [bool([3]), f32([2, 1]), f32([])], attributes: {} },
    { inputs: [bool([2, 1, 1]), f32([3, 1]), f32([4])], attributes: {} },
    { inputs: [bool([]), f32([2, 2]), f32([1, 2])], attributes: {} },
    { inputs: [bool([0]), f32([2, 0]), f32([1])], attributes: {} },
    {
      inputs: [bool([4]), int("uint8", [4], integers(0, 256)), int("uint8", [1], integers(0, 256))],
      attributes: {},
    },
    { inputs: [bool([4]), int("int64", [3, 4], small), int("int64", [], small)], attributes: {} },
  ],
  Clip: [
    { inputs: [f32([3, 4], lattice(0.05)), f32([], exactly(-0.5)), f32([], exactly(0.7))], attributes: {} },
    { inputs: [f32([3, 4], lattice(0.05)), undefined, f32([], exactly(0.7))], attributes: {} },
    { inputs: [f32([3, 4], lattice(0.05)), f32([], exactly(-0.5)), undefined], attributes: {} },
    { inputs: [f32([3, 4], lattice(0.05)), undefined, undefined], attributes: {} },
    { inputs: [f32([0, 4]), f32([], exactly(0)), undefined], attributes: {} },
    { inputs: [f64([], exactly(3)), f64([], exactly(0)), f64([], exactly(1))], attributes: {} },
    ...(["int8", "int32", "int64"] as const).map(
      (dtype): Sample<"Clip"> => ({
        inputs: [int(dtype, [9], small), int(dtype, [], exactly(-2)), int(dtype, [], exactly(5))],
        attributes: {},
      }),
    ),
  ],
  Cast: [
    cast("float32", lattice(0.1), "int32"),
    cast("float32", lattice(0.1), "int64"),
    cast("float32", lattice(0.1), "int8"),
    cast("float32", uniform(0, 256), "uint8"),
    cast("float32", integers(-1, 2), "bool"),
    cast("float32", normal, "float64"),
    cast("float32", normal, "float32"),
    cast("float64", normal, "float32"),
    cast("float16", normal, "float32"),
    cast("bool", integers(0, 2), "float32"),
    cast("bool", integers(0, 2), "int64"),
    cast("uint8", integers(0, 256), "float32"),
    cast("uint8", integers(0, 256), "int8"),
    cast("int8", small, "float32"),
    cast("int32", integers(-1000, 1000), "uint8"),
    cast("int64", integers(-1000, 1000), "int32"),
    cast("int64", small, "bool"),
  ],
  Identity: [
    { inputs: [f32([2, 3])], attributes: {} },
    { inputs: [f32([])], attributes: {} },
    ...(["float64", "int8", "uint8", "int32", "int64", "bool"] as const).map(
      (dtype): Sample<"Identity"> => ({
        inputs: [bits(dtype, [2, 2])],
        attributes: {},
      }),
    ),
  ],
  StopGradient: unary(normal, ["float64"]),
};
