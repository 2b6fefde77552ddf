/** What simplification keeps: shapes, names of dimensions, and what is computed. */
import { describe, expect, test } from "vitest";
import { graph, graphNodes } from "../../src/ir/graph.ts";
import { tensor } from "../../src/ir/tensor.ts";
import { input, showType, type Value } from "../../src/ir/value.ts";
import { add, expand, mul, neg, relu, sign, softplus } from "../../src/ops/index.ts";
import { simplify } from "../../src/passes/simplify.ts";
import { run } from "../support/interpreter/interpreter.ts";

const x = input("x", "float32", [1]);
const wide = input("wide", "float32", [3, 5]);
const feeds = {
  x: tensor("float32", [1], Float32Array.of(-0.7)),
  wide: tensor(
    "float32",
    [3, 5],
    Float32Array.from({ length: 15 }, (_, i) => i - 7),
  ),
};

/** Both graphs computed: the simplified one must give the same numbers in the same type. */
function expectSame(y: Value): ReturnType<typeof graphNodes> {
  const given = graph("given", { x, wide }, { y });
  const simple = simplify(given);
  expect(showType(simple.outputs.y)).toBe(showType(y));
  const [before, after] = [run(given, feeds).y!, run(simple, feeds).y!];
  expect(after.shape).toEqual(before.shape);
  for (const [i, value] of Array.from(before.data as ArrayLike<number>).entries()) {
    expect(Number(after.data[i])).toBeCloseTo(Number(value), 12);
  }
  return graphNodes(simple);
}

describe("simplify", () => {
  test("two repetitions become one, of the shape that both have together", () => {
    expect(expectSame(expand(expand(x, [5]), [3, 1]))).toHaveLength(1);
  });

  test("a repetition that broadcasting does anyway is left out", () => {
    expect(expectSame(mul(expand(x, [3, 5]), wide)).map(({ op }) => op)).toEqual(["Mul"]);
  });

  test("one that decides the shape stays", () => {
    expect(expectSame(mul(expand(x, [3, 5]), x)).map(({ op }) => op)).toEqual(["Expand", "Mul"]);
  });

  test("a dimension with a name is never made a number", () => {
    const named = input("named", "float32", ["batch", 1]);
    const simple = simplify(graph("named", { named }, { y: neg(expand(named, [1, 5])) }));
    expect(showType(simple.outputs.y)).toBe("float32[batch,5]");
  });

  test("equal expressions are computed once", () => {
    expect(expectSame(add(relu(wide), relu(wide)))).toHaveLength(2);
  });

  test("Softplus and Sign are replaced by what they equal", () => {
    const ops = expectSame(add(softplus(wide), sign(wide))).map(({ op }) => op);
    expect(ops).not.toContain("Softplus");
    expect(ops).not.toContain("Sign");
  });
});

test("a graph refuses a name that is an input's and another output's", () => {
  expect(() => graph("twice", { x }, { x: relu(x) })).toThrow(
    "x is the name of an input and of another output",
  );
});
