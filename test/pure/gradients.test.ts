/** The calculus: gradients of every operator, of random expressions and of gradients, against central differences. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { grad } from "../../src/autodiff/grad.ts";
import { rules } from "../../src/autodiff/rules.ts";
import { Random } from "../../src/data/random.ts";
import { graph, graphNodes, nodesOf, type Values } from "../../src/ir/graph.ts";
import { filled, type Tensors, tensor } from "../../src/ir/tensor.ts";
import { constant, input, type Value } from "../../src/ir/value.ts";
import type { OpType } from "../../src/ir/vocabulary.ts";
import { applyOne } from "../../src/ops/apply.ts";
import * as ops from "../../src/ops/index.ts";
import { leaves, program, result } from "../support/expression.ts";
import { differentiable, gradientError, gradients, weighted } from "../support/gradient.ts";
import { run } from "../support/interpreter/interpreter.ts";
import { cases } from "../support/samples/samples.ts";

const {
  add,
  cast,
  equal,
  gemm,
  floor,
  greater,
  mul,
  reduceSum,
  relu,
  square,
  stopGradient,
  sub,
  tanh,
  where,
} = ops;

/**
 * Units of a gradient's largest component (at least 1). With h = 1e-5 a central difference of a loss near 10 is off by
 * about h² f‴/6 + 2⁻⁵³ · 10 / h ≈ 1e-10, and by as much more as f‴ is larger; 3e-8 is the worst seen.
 */
const tolerance = 1e-7;

/** float64 random numbers under a name. */
function draw(name: string, shape: readonly number[]) {
  const random = new Random(7, name);
  const data = Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal());
  return tensor("float64", shape, data);
}

/** Inputs of float64 and random numbers for them. */
function parameters(shapes: Readonly<Record<string, number[]>>) {
  const names = Object.keys(shapes);
  const values = Object.fromEntries(names.map((name) => [name, input(name, "float64", shapes[name]!)]));
  const feeds: Tensors = Object.fromEntries(names.map((name) => [name, draw(name, shapes[name]!)]));
  return { values, feeds };
}

describe("every operator", () => {
  const checked = new Set<OpType>();
  for (const sample of cases) {
    const trial = differentiable(sample, "float64");
    if (trial === undefined) continue;
    checked.add(sample.op);
    it(sample.title, () => {
      expect(gradientError(trial.loss, trial.graph.inputs, trial.wrt, trial.feeds)).toBeLessThan(tolerance);
    });
  }

  it("has a sample that is differentiated for every rule", () => {
    const ruled = (Object.keys(rules) as OpType[]).filter((op) => rules[op] !== null && op !== "Scan");
    expect(ruled.filter((op) => !checked.has(op))).toEqual([]);
  });
});

describe("expressions", () => {
  it("have the gradients of their numerical differences", () => {
    fc.assert(
      fc.property(program, fc.nat(), (steps, seed) => {
        const { values, feeds } = leaves(seed);
        const loss = weighted(result(steps, Object.values(values)));
        expect(gradientError(loss, values, values, feeds)).toBeLessThan(tolerance);
      }),
      { seed: 1, numRuns: 150 },
    );
  });

  it("have the sum of the gradients of their terms", () => {
    fc.assert(
      fc.property(program, program, fc.nat(), (first, second, seed) => {
        const { values, feeds } = leaves(seed);
        const [f, g] = [first, second].map((steps) => weighted(result(steps, Object.values(values))));
        const of = (loss: Value) => gradients(loss, values, values, feeds);
        const [df, dg, both] = [of(f!), of(g!), of(add(f!, g!))];
        for (const name of Object.keys(values)) {
          both[name]!.data.forEach((sum, i) => {
            expect(sum).toBeCloseTo(df[name]!.data[i]! + dg[name]!.data[i]!, 10);
          });
        }
      }),
      { seed: 2, numRuns: 100 },
    );
  });
});

describe("second-order gradients", () => {
  const x = [2, 3];
  const families: Readonly<Record<string, [shapes: Record<string, number[]>, y: (v: Values) => Value]>> = {
    tanh: [{ x }, (v) => tanh(v.x as Value<"float64">)],
    softmax: [{ x }, (v) => ops.softmax(v.x as Value<"float64">)],
    logSoftmax: [{ x }, (v) => ops.logSoftmax(v.x as Value<"float64">, 0)],
    softplus: [{ x }, (v) => ops.softplus(v.x as Value<"float64">)],
    erf: [{ x }, (v) => ops.erf(v.x as Value<"float64">)],
    quotient: [
      { x, y: [3] },
      (v) => ops.div(v.x as Value<"float64">, add(square(v.y as Value<"float64">), 1)),
    ],
    root: [{ x }, (v) => ops.sqrt(add(square(v.x as Value<"float64">), 1))],
    power: [
      { x, y: [2, 1] },
      (v) => ops.pow(add(square(v.x as Value<"float64">), 1), v.y as Value<"float64">),
    ],
    product: [{ x, y: [3, 2] }, (v) => square(ops.matMul(v.x as Value<"float64">, v.y as Value<"float64">))],
    convolution: [
      { x: [1, 2, 4, 4], w: [2, 2, 3, 3] },
      (v) =>
        square(
          ops.conv(v.x as Value<"float64">, v.w as Value<"float64">, undefined, { strides: 2, pads: 1 }),
        ),
    ],
  };
  for (const [name, [shapes, y]] of Object.entries(families)) {
    it(name, () => {
      const { values, feeds } = parameters(shapes);
      const first = grad(weighted(y(values) as Value<"float64">), Object.values(values));
      const loss = first
        .map((gradient) => weighted(tanh(gradient as Value<"float64">)))
        .reduce((a, b) => add(a, b));
      expect(gradientError(loss, values, values, feeds)).toBeLessThan(tolerance);
    });
  }
});

describe("grad", () => {
  const { values, feeds } = parameters({ x: [2, 3], y: [3] });
  const [x, y] = [values.x as Value<"float64">, values.y as Value<"float64">];
  const of = (loss: Value, wrt: Values = values) => gradients(loss, values, wrt, feeds);
  const zeros = (length: number) => Array.from({ length }, () => 0);

  it("sums the gradients of a value used twice", () => {
    const { data } = of(reduceSum(add(mul(x, x), x))).x!;
    data.forEach((dx, i) => {
      expect(dx).toBeCloseTo(2 * Number(feeds.x!.data[i]) + 1, 12);
    });
  });

  it("is zero, in the right shape, for what the loss does not depend on", () => {
    const { x: dx, y: dy } = of(reduceSum(square(x)));
    expect(dx!.data).not.toContain(0);
    expect(dy).toEqual({ dtype: "float64", shape: [3], data: zeros(3) });
  });

  it("does not pass through integers and conditions", () => {
    const rounded = cast(cast(mul(x, 10), "int32"), "float64");
    const chosen = where(greater(x, 0), y, mul(y, 2));
    expect(of(reduceSum(rounded)).x!.data).toEqual(zeros(6));
    expect(of(reduceSum(chosen)).x!.data).toEqual(zeros(6));
    expect(of(reduceSum(cast(equal(x, x), "float64"))).x!.data).toEqual(zeros(6));
  });

  it("stops where it is told to", () => {
    expect(of(reduceSum(stopGradient(square(x)))).x!.data).toEqual(zeros(6));
    expect(of(reduceSum(mul(stopGradient(x), x))).x!.data).toEqual([...feeds.x!.data]);
  });

  it("goes straight through a step that has no slope", () => {
    const straightThrough = add(x, stopGradient(sub(floor(x), x)));
    const loss = reduceSum(mul(straightThrough, y));
    const { x: dx, dy } = of(loss, { x, dy: straightThrough });
    expect(dx!.data).toEqual(dy!.data);
    expect(dx!.data).toEqual([...feeds.y!.data, ...feeds.y!.data]);
    const { rounded, floored } = run(
      graph("round trip", { x }, { rounded: straightThrough, floored: floor(x) }),
      feeds,
    );
    rounded!.data.forEach((value, i) => {
      expect(value).toBeCloseTo(floored!.data[i]!, 12);
    });
  });

  it("is 1 for the loss itself, and reaches computed values", () => {
    const hidden = square(x);
    const loss = reduceSum(mul(hidden, y));
    const { loss: one, hidden: dh } = of(loss, { loss, hidden });
    expect(one!.data).toEqual([1]);
    expect(dh!.data).toEqual([...feeds.y!.data, ...feeds.y!.data]);
  });

  it("shares the gradient of a maximum among elements that tie", () => {
    const [dx] = grad(ops.reduceMax(x), [x]);
    const ties = { x: tensor("float64", [2, 3], Float64Array.of(1, 5, 2, 5, 0, 5)) };
    const { dx: shares } = run(graph("ties", { x }, { dx: dx! }), ties);
    expect(shares!.data).toEqual([0, 1 / 3, 0, 1 / 3, 0, 1 / 3]);
  });

  it("keeps the dtype of a float32 model", () => {
    const z = input("z", "float32", [2]);
    const [dz] = grad(reduceSum(tanh(z)), [z]);
    expect(dz!.dtype).toBe("float32");
    for (const node of nodesOf([dz!])) expect(node.outputs[0]!.dtype).toBe("float32");
  });

  it("computes nothing that no parameter needs", () => {
    const image = input("image", "float32", [5, 7]);
    const shapes = { w1: [4, 7], b1: [4], w2: [3, 4], b2: [3] };
    const weights = Object.fromEntries(
      Object.entries(shapes).map(([name, shape]) => [name, input(name, "float32", shape)]),
    );
    const { w1, b1, w2, b2 } = weights;
    const hidden = relu(gemm(image, w1!, b1, { transB: true }));
    const loss = reduceSum(square(gemm(hidden, w2!, b2, { transB: true })));
    const updates = Object.fromEntries(
      grad(loss, Object.values(weights)).map((gradient, i) => [`d${i}`, gradient]),
    );
    const nodes = graphNodes(graph("mlp", { image, ...weights }, { loss, ...updates }));
    const gemms = nodes.filter(({ op }) => op === "Gemm");
    // Two forward, one weight gradient each, and the gradient of the hidden layer; the image's is nobody's.
    expect(gemms.map(({ outputs }) => outputs[0]!.shape)).toEqual(
      expect.arrayContaining([
        [5, 4],
        [5, 3],
        [3, 4],
        [4, 7],
      ]),
    );
    expect(gemms).toHaveLength(5);
    expect(gemms.some(({ outputs }) => `${outputs[0]!.shape}` === "5,7")).toBe(false);
  });

  it("has the input's shape where a transposed convolution pads its output by more than its stride", () => {
    const { values, feeds } = parameters({ x: [1, 2, 3, 4], w: [2, 1, 3, 2] });
    const attributes = {
      ...{ kernel_shape: [3, 2], strides: [1, 1], pads: [0, 0, 0, 0], dilations: [2, 3], group: 1 },
      output_padding: [1, 2],
    };
    const inputs = [values.x, values.w, undefined] as never;
    const loss = weighted(applyOne("ConvTranspose", inputs, attributes) as Value<"float64">);
    expect(gradientError(loss, values, values, feeds)).toBeLessThan(tolerance);
  });

  it("refuses a loss that is no float scalar, and a loop", () => {
    expect(() => grad(x, [x])).toThrow("grad: the loss must be a float scalar, is float64[2,3]");
    expect(() => grad(constant(filled("int32", [], 1)), [])).toThrow("is int32[]");
    const { states } = ops.scan("sum", { states: { y }, sequences: { x }, reads: {} }, (now) => ({
      states: { y: add(now.states.y, now.sequences.x) },
      stacks: {},
    }));
    const loss = reduceSum(states.y);
    expect(() => grad(loss, [x])).toThrow(/grad: a Scan is not differentiated through/);
  });

  it("refuses a loop by whichever of its results it comes", () => {
    const { states, stacks } = ops.scan(
      "sums",
      { states: { y, z: y }, sequences: { x }, reads: {} },
      (now) => {
        const sum = add(now.states.z, now.sequences.x);
        return { states: { y: now.states.y, z: sum }, stacks: { sum } };
      },
    );
    for (const result of [states.z, stacks.sum])
      expect(() => grad(reduceSum(result), [x])).toThrow(/grad: a Scan is not differentiated through/);
  });

  it("of a power is 0 where nothing changes it, at 0 too", () => {
    const [a, b] = [input("a", "float64", [4]), input("b", "float64", [4])];
    const feeds = {
      a: tensor("float64", [4], Float64Array.of(0, 0, 3, 0)),
      b: tensor("float64", [4], Float64Array.of(2, 0, 0, 1)),
    };
    const { a: da, b: db } = gradients(reduceSum(ops.pow(a, b)), { a, b }, { a, b }, feeds);
    expect(da!.data).toEqual([0, 0, 0, 1]);
    expect(db!.data).toEqual([0, 0, Math.log(3), 0]);
  });
});
