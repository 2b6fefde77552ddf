/** Random expressions whose shapes all broadcast to [2,3], as programs that fast-check can shrink. */
import fc from "fast-check";
import { Random } from "../../src/data/random.ts";
import { type Tensors, tensor } from "../../src/ir/tensor.ts";
import { constant, input, type Value } from "../../src/ir/value.ts";
import {
  add,
  concat,
  div,
  elu,
  erf,
  exp,
  expand,
  gather,
  gemm,
  log,
  logSoftmax,
  matMul,
  mul,
  pow,
  reduceMean,
  reduceSum,
  reshape,
  sigmoid,
  slice,
  softmax,
  softplus,
  sqrt,
  square,
  sub,
  tanh,
  transpose,
  where,
} from "../../src/ops/index.ts";

type Real = Value<"float64">;

const shapes = { matrix: [2, 3], row: [3], column: [2, 1], number: [] } as const;

/** An input of each shape, and normal numbers for them. */
export function leaves(seed: number): { values: Record<string, Real>; feeds: Tensors } {
  const random = new Random(seed, "leaves");
  const values: Record<string, Real> = {};
  const feeds: Record<string, Tensors[string]> = {};
  for (const [name, shape] of Object.entries(shapes)) {
    const length = shape.reduce<number>((a, b) => a * b, 1);
    values[name] = input(name, "float64", shape);
    feeds[name] = tensor(
      "float64",
      shape,
      Float64Array.from({ length }, () => random.normal()),
    );
  }
  return { values, feeds };
}

const full = (x: Real): Real => expand(x, [2, 3]);
const checkered = constant(tensor("bool", [2, 3], Uint8Array.of(1, 0, 1, 0, 1, 0)));
const columns = constant(tensor("int64", [3], BigInt64Array.of(2n, 0n, 2n)));

/** What a step can make of two earlier values: smooth everywhere, and nothing that grows without bound. */
const makers: readonly ((a: Real, b: Real) => Real)[] = [
  (a, b) => add(a, b),
  (a, b) => sub(a, b),
  (a, b) => mul(tanh(a), b),
  (a, b) => div(a, add(square(tanh(b)), 1)),
  (a, b) => pow(add(sigmoid(a), 0.5), tanh(b)),
  (a) => exp(tanh(a)),
  (a) => log(add(square(tanh(a)), 0.5)),
  (a) => sqrt(add(square(tanh(a)), 0.5)),
  (a) => erf(a),
  (a) => softplus(a),
  // With alpha 1 the second derivative jumps at 0, which a difference across it sees; it is far away from there.
  (a) => elu(add(sigmoid(a), 0.5)),
  (a, b) => where(checkered, full(a), b),
  (a) => softmax(full(a)),
  (a) => logSoftmax(full(a), 0),
  (a, b) => matMul(softmax(matMul(full(a), transpose(full(b)))), full(b)),
  (a, b) => {
    const pairs = gemm(tanh(full(a)), tanh(full(b)), undefined, { alpha: 0.5, transB: true });
    return gemm(pairs, full(b), a, { transA: true, beta: -0.5 });
  },
  (a) => transpose(reshape(full(a), [3, 2])),
  (a, b) => slice(concat([full(a), full(b)], 0), 0, 1, 3),
  (a) => slice(full(a), 1, 2, -4, -1),
  (a) => gather(full(a), columns, 1),
  (a) => reduceSum(full(a), [0], { keepDims: true }),
  (a) => reduceMean(full(a), [-1], { keepDims: true }),
  (a) => reduceMean(a),
];

/** One step: which maker, and how far back its operands are. */
export interface Step {
  readonly maker: number;
  readonly a: number;
  readonly b: number;
}

export const program: fc.Arbitrary<Step[]> = fc.array(
  fc.record({ maker: fc.nat(makers.length - 1), a: fc.nat(9), b: fc.nat(9) }),
  { minLength: 1, maxLength: 10 },
);

/** The last value of a program; each step may use any value before it, any number of times. */
export function result(steps: readonly Step[], start: readonly Real[]): Real {
  const values = [...start];
  const back = (distance: number) => values[values.length - 1 - (distance % values.length)]!;
  for (const { maker, a, b } of steps) values.push(makers[maker]!(back(a), back(b)));
  return values.at(-1)!;
}
