/** What shape inference makes of named dimensions, and of long ways to move elements about. */
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { Random } from "../../src/data/random.ts";
import { costOf } from "../../src/ir/cost.ts";
import { graph } from "../../src/ir/graph.ts";
import type { Shape } from "../../src/ir/shape.ts";
import { filled } from "../../src/ir/tensor.ts";
import { input, showType, type Value } from "../../src/ir/value.ts";
import * as ops from "../../src/ops/index.ts";
import { run } from "../support/interpreter/interpreter.ts";

const f = (...shape: Shape) => input("f", "float32", shape);
const f64 = (...shape: Shape) => input("f64", "float64", shape);
const i64 = (...shape: Shape) => input("i64", "int64", shape);
const bool = (...shape: Shape) => input("bool", "bool", shape);

/** y ← y + x, for every x along `steps`. */
function sums() {
  const inputs = { states: { y: f("batch") }, sequences: { x: f("steps", "batch") }, reads: {} };
  return ops.scan("sum", inputs, ({ states, sequences }) => {
    const y = ops.add(states.y, sequences.x);
    return { states: { y }, stacks: { sums: y } };
  });
}

test("a name with a number counts for so many in a graph's cost", () => {
  const [x, w] = [input("x", "float32", ["batch", 7, 7, 3]), input("w", "float32", [5, 3])];
  const y = ops.gemm(ops.reshape(x, [-1, 3]), w, undefined, { transB: true });
  expect(showType(y)).toBe("float32[49*batch,5]");
  expect(costOf(graph("rows", { x, w }, { y })).operations).toBe(2 * 49 * 3 * 5);
});

describe("named dimensions", () => {
  const x = f("batch", 3);
  const image = f("batch", 3, 8, 8);
  const inferred: readonly (readonly [string, () => Value, string])[] = [
    ["broadcast with 1", () => ops.add(x, f(1, 3)), "float32[batch,3]"],
    ["broadcast from the other side", () => ops.mul(f(3), x), "float32[batch,3]"],
    ["broadcast two names", () => ops.add(f("batch", 1), f("column")), "float32[batch,column]"],
    ["broadcast the same name", () => ops.greater(x, x), "bool[batch,3]"],
    ["where", () => ops.where(bool("batch", 1), x, f()), "float32[batch,3]"],
    ["gemm", () => ops.gemm(x, f(4, 3), f(4), { transB: true }), "float32[batch,4]"],
    ["gemm, transposed", () => ops.gemm(x, x, undefined, { transA: true }), "float32[3,3]"],
    ["matMul", () => ops.matMul(f("batch", 5, 3), f(3, 2)), "float32[batch,5,2]"],
    ["matMul of a vector", () => ops.matMul(x, f(3)), "float32[batch]"],
    ["conv", () => ops.conv(image, f(4, 3, 3, 3), f(4), { strides: 2, pads: 1 }), "float32[batch,4,4,4]"],
    [
      "conv that keeps a size",
      () => ops.conv(f(1, 1, "h"), f(1, 1, 3), undefined, { pads: 1 }),
      "float32[1,1,h]",
    ],
    ["conv that changes a size", () => ops.conv(f(1, 1, "h"), f(1, 1, 3)), "float32[1,1,h_out]"],
    [
      "convTranspose",
      () => ops.convTranspose(image, f(3, 2, 4, 4), f(2), { strides: 2, pads: 1 }),
      "float32[batch,2,16,16]",
    ],
    ["maxPool", () => ops.maxPool(image, [2, 2]), "float32[batch,3,4,4]"],
    ["averagePool", () => ops.averagePool(image, [3, 3], { strides: 1, pads: 1 }), "float32[batch,3,8,8]"],
    ["globalAveragePool", () => ops.globalAveragePool(image), "float32[batch,3,1,1]"],
    ["flatten", () => ops.flatten(image), "float32[batch,192]"],
    ["reshape that keeps the name", () => ops.reshape(image, [0, -1]), "float32[batch,192]"],
    ["reshape that finds the name", () => ops.reshape(f("batch", 12), [-1, 3, 4]), "float32[batch,3,4]"],
    ["reshape that multiplies it", () => ops.reshape(x, [-1]), "float32[3*batch]"],
    ["reshape that divides it again", () => ops.reshape(f("3*batch"), [-1, 3]), "float32[batch,3]"],
    ["reshape that moves it", () => ops.reshape(f("k", "batch", 2), [-1, 2]), "float32[batch*k,2]"],
    ["transpose", () => ops.transpose(image, [0, 2, 3, 1]), "float32[batch,8,8,3]"],
    ["concat beside it", () => ops.concat([x, f("batch", 2)], 1), "float32[batch,5]"],
    ["slice beside it", () => ops.slice(x, 1, 0, 2), "float32[batch,2]"],
    ["pad beside it", () => ops.pad(x, [0, 1, 0, 1]), "float32[batch,5]"],
    ["expand", () => ops.expand(f("batch", 1), [1, 4]), "float32[batch,4]"],
    ["unsqueeze", () => ops.unsqueeze(x, [0, -1]), "float32[1,batch,3,1]"],
    ["reduceSum of the rest", () => ops.reduceSum(image, [1, 2, 3]), "float32[batch]"],
    ["reduceMean over it", () => ops.reduceMean(x, [0], { keepDims: true }), "float32[1,3]"],
    ["argMax", () => ops.argMax(x, -1), "int64[batch]"],
    ["topK", () => ops.topK(x, 2).indices, "int64[batch,2]"],
    ["gather of rows", () => ops.gather(f64(10, 4), i64("batch")), "float64[batch,4]"],
    ["gatherElements", () => ops.gatherElements(x, i64("batch", 1), 1), "float32[batch,1]"],
    ["softmax", () => ops.softmax(x), "float32[batch,3]"],
    ["cast", () => ops.cast(x, "uint8"), "uint8[batch,3]"],
    ["scan", () => sums().states.y, "float32[batch]"],
    ["scan, stacked", () => sums().stacks.sums, "float32[steps,batch]"],
  ];
  for (const [name, build, type] of inferred) it(name, () => expect(showType(build())).toBe(type));
});

/** One movement of a tensor; its numbers are taken modulo whatever the tensor at hand allows. */
type Move = readonly [
  kind: "slice" | "reshape" | "transpose" | "broadcast" | "pad" | "reduce",
  numbers: number[],
];

const move: fc.Arbitrary<Move> = fc.tuple(
  fc.constantFrom("slice", "reshape", "transpose", "broadcast", "pad", "reduce"),
  fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 5, maxLength: 5 }),
);

const modulo = (a: number, b: number) => ((a % b) + b) % b;

function moved(x: Value<"float32">, [kind, n]: Move): Value<"float32"> {
  const shape = x.shape as number[];
  const rank = shape.length;
  const axis = modulo(n[0]!, rank);
  switch (kind) {
    case "slice":
      return ops.slice(x, axis - (n[4]! > 0 ? rank : 0), n[1]!, n[2]!, n[3]! || 1);
    case "reshape": {
      const size = shape.reduce((a, b) => a * b, 1);
      const divisors = Array.from({ length: size }, (_, i) => i + 1).filter((d) => size % d === 0);
      return size === 0 ? x : ops.reshape(x, [divisors[modulo(n[0]!, divisors.length)]!, 1, -1]);
    }
    case "transpose":
      return ops.transpose(x, [...new Random(n[0]! + 9, "perm").permutation(rank)]);
    case "broadcast": {
      const single = ops.reduceSum(x, [axis], { keepDims: true });
      return ops.add(
        n[1]! > 0 && axis === 0 ? ops.squeeze(single, [axis]) : single,
        n[2]! > 0 ? x : ops.unsqueeze(single, [0]),
      );
    }
    case "pad":
      return ops.pad(
        x,
        [...shape, ...shape].map((size, i) =>
          i % rank === axis ? modulo(n[1]!, 4) - (size > 3 ? 1 : 0) : 0,
        ),
      );
    case "reduce":
      return rank === 1 ? x : ops.reduceMean(x, [n[1]! > 0 ? axis : axis - rank]);
  }
}

describe("inference and the interpreter", () => {
  it("agree on the shape of every step of slices, reshapes, transposes, broadcasts, pads and reductions", () => {
    const start = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(start, fc.array(move, { minLength: 1, maxLength: 6 }), (shape, moves) => {
        const x = input("x", "float32", shape);
        const steps: Value<"float32">[] = [x];
        for (const next of moves) steps.push(moved(steps.at(-1)!, next));
        const outputs = Object.fromEntries(steps.map((value, i) => [`y${i}`, value]));
        const results = run(graph("moves", { x }, outputs), { x: filled("float32", shape, 1) });
        for (const [name, value] of Object.entries(outputs))
          expect(results[name]!.shape).toEqual(value.shape);
      }),
      { seed: 3, numRuns: 300 },
    );
  });
});
