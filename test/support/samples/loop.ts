/** Samples of the loop. */
import { graph } from "../../../src/ir/graph.ts";
import { input } from "../../../src/ir/value.ts";
import { add, gather, matMul, mul, reduceSum } from "../../../src/ops/index.ts";
import { f32, int, integers } from "./draw.ts";
import type { Samples } from "./sample.ts";

/** A running sum, and its square at every step. */
function cumulative() {
  const total = input("total", "float32", [2]);
  const term = input("term", "float32", [2]);
  const next = add(total, term);
  return graph("cumulative", { total, term }, { "total.next": next, squared: mul(next, next) });
}

/** Two states, two sequences, and a table that every step only reads rows of. */
function walk() {
  const position = input("position", "float32", [3]);
  const count = input("count", "int64", []);
  const turn = input("turn", "float32", [3, 3]);
  const rows = input("rows", "int64", [2]);
  const table = input("table", "float32", [4, 3]);
  const chosen = gather(table, rows);
  const next = add(reduceSum(matMul(chosen, turn), [0]), position);
  return graph(
    "walk",
    { position, count, turn, rows, table },
    {
      "position.next": next,
      "count.next": add<"int64">(count, 1),
      chosen,
      length: reduceSum(mul(next, next)),
    },
  );
}

/** No state at all: a map over the sequence. */
function doubled() {
  const x = input("x", "float32", []);
  return graph("doubled", { x }, { y: add(x, x) });
}

export const loop: Samples<"Scan"> = {
  Scan: [
    { inputs: [f32([2]), f32([4, 2])], attributes: { body: cumulative(), states: 1, sequences: 1 } },
    { inputs: [f32([2]), f32([1, 2])], attributes: { body: cumulative(), states: 1, sequences: 1 } },
    {
      inputs: [
        f32([3]),
        int("int64", [], integers(0, 5)),
        f32([3, 3, 3]),
        int("int64", [3, 2], integers(0, 4)),
        f32([4, 3]),
      ],
      attributes: { body: walk(), states: 2, sequences: 2 },
    },
    { inputs: [f32([5])], attributes: { body: doubled(), states: 0, sequences: 1 } },
  ],
};
