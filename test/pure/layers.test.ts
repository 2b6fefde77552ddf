/** Layers against direct computation: windows with two sizes, normalisation, and what a scope keeps for them. */
import { describe, expect, test } from "vitest";
import { Random } from "../../src/data/random.ts";
import { graph, nodesOf, type Values } from "../../src/ir/graph.ts";
import { sizeOf, type Tensors, tensor } from "../../src/ir/tensor.ts";
import { input, showType, type Value } from "../../src/ir/value.ts";
import { type ConvWindow, conv, convTranspose } from "../../src/nn/convolution.ts";
import { type Fans, type Init, initialisers } from "../../src/nn/init.ts";
import type { Layer } from "../../src/nn/layer.ts";
import { batchNorm, layerNorm } from "../../src/nn/normalization.ts";
import { Scope, type ScopeOptions } from "../../src/nn/scope.ts";
import { add, mul, tanh } from "../../src/ops/index.ts";
import { gradientError, weighted } from "../support/gradient.ts";
import { type HostTensor, run } from "../support/interpreter/interpreter.ts";

type Floats = Value<"float32">;
const zero: Init = { kind: "constant", value: 0 };

/** A layer called on an input `x`, and random numbers for it and for the layer's parameters; variances are positive. */
function trial(layer: (scope: Scope) => Layer, shape: readonly number[], options: ScopeOptions = {}) {
  const scope = new Scope(initialisers.pytorch, {}, options);
  const x = input("x", "float32", shape);
  const y = layer(scope.at("layer"))(x);
  const inputs: Values = {
    x,
    ...Object.fromEntries(scope.parameters.map(({ name, value }) => [name, value])),
  };
  const feeds: Tensors = Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => {
      const random = new Random(3, name);
      const sizes = value.shape as readonly number[];
      const draw = () => (name.endsWith("_var") ? random.uniform(0.5, 2) : random.normal() + 0.5);
      return [name, tensor("float32", sizes, Float32Array.from({ length: sizeOf(sizes) }, draw))];
    }),
  );
  const outputs = {
    y,
    ...Object.fromEntries([...scope.updates].map(([name, next]) => [`${name}.next`, next])),
  };
  const results = run(graph("layer", inputs, outputs), feeds);
  return { scope, y, inputs, feeds, results, of: (name: string) => numbers(feeds[`layer.${name}`]!) };
}

function numbers({ data }: { readonly data: ArrayLike<number | bigint> }): number[] {
  return Array.from(data, Number);
}

function expectClose({ data }: HostTensor, expected: readonly number[]): void {
  expect(data).toHaveLength(expected.length);
  for (const [i, value] of expected.entries()) expect(data[i]).toBeCloseTo(value, 10);
}

/** What the layers add to a variance, and the share of a batch in running statistics, as float32 constants hold them. */
const [epsilon, momentum] = [Math.fround(1e-5), Math.fround(0.1)];
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const variance = (values: readonly number[]) => mean(values.map((value) => (value - mean(values)) ** 2));
/** Units of the largest component, as in the tests of the calculus. */
const tolerance = 1e-7;

describe("a window with a size for each axis", () => {
  const signal: ConvWindow = { kernel: [1, 3], stride: [1, 2], padding: [0, 1] };

  test("convolves a signal", () => {
    const { results, feeds, of } = trial((scope) => conv(scope, 2, signal), [1, 1, 1, 6]);
    const [x, weight, bias] = [numbers(feeds.x!), of("weight"), of("bias")];
    const at = (filter: number, i: number) =>
      [0, 1, 2].reduce((sum, k) => sum + weight[3 * filter + k]! * (x[2 * i + k - 1] ?? 0), bias[filter]!);
    expect(results.y!.shape).toEqual([1, 2, 1, 3]);
    expectClose(results.y!, [at(0, 0), at(0, 1), at(0, 2), at(1, 0), at(1, 1), at(1, 2)]);
  });

  test.each([6, 7].map((width) => ({ width })))("comes back to a signal of width $width", ({ width }) => {
    const uneven: ConvWindow = { kernel: [1, 4], stride: [1, 3], padding: [0, 1] };
    const scope = new Scope(initialisers.pytorch);
    const x = input("x", "float32", [2, 1, 1, width]);
    const narrow = conv(scope.at("down"), 4, uneven)(x);
    expect(convTranspose(scope.at("up"), 3, uneven, [1, width])(narrow).shape).toEqual([2, 3, 1, width]);
  });

  test("has PyTorch's names and layouts, and fans by its area", () => {
    const fans: Fans[] = [];
    const scope = new Scope((given) => {
      fans.push(given);
      return { weight: zero, bias: zero };
    });
    const window: ConvWindow = { kernel: [2, 5], stride: [1, 1], padding: [0, 2] };
    const x = input("x", "float32", [1, 3, 4, 8]);
    convTranspose(scope.at("up"), 3, window, [4, 8])(conv(scope.at("down"), 7, window)(x));
    expect(scope.parameters.map(({ name, shape }) => `${name} ${shape}`)).toEqual([
      "down.weight 7,3,2,5",
      "down.bias 7",
      "up.weight 7,3,2,5",
      "up.bias 3",
    ]);
    expect(fans).toEqual([
      { in: 30, out: 70 },
      { in: 30, out: 70 },
    ]);
  });
});

describe("layerNorm", () => {
  test.each([{ shape: [3, 5] }, { shape: [2, 3, 2, 2] }])("of $shape", ({ shape }) => {
    const { results, feeds, of, y, inputs } = trial(layerNorm, shape);
    const [x, weight, bias] = [numbers(feeds.x!), of("weight"), of("bias")];
    const size = weight.length;
    const expected = x.map((value, i) => {
      const row = x.slice(i - (i % size), i - (i % size) + size);
      const normal = (value - mean(row)) / Math.sqrt(variance(row) + epsilon);
      return normal * weight[i % size]! + bias[i % size]!;
    });
    expectClose(results.y!, expected);
    expect(gradientError(weighted(tanh(y)), inputs, inputs, feeds)).toBeLessThan(tolerance);
  });

  test("knows a row's shape, not the batch's, and begins as the identity on what is normal", () => {
    const scope = new Scope(initialisers.he);
    expect(showType(layerNorm(scope)(input("x", "float32", ["batch", 4, 2])))).toBe("float32[batch,4,2]");
    expect(scope.parameters).toMatchObject([
      { name: "weight", shape: [4, 2], init: { kind: "constant", value: 1 }, isTrainable: true },
      { name: "bias", shape: [4, 2], init: { kind: "constant", value: 0 }, isTrainable: true },
    ]);
    expect(() => layerNorm(new Scope(initialisers.he).at("norm"))(input("x", "float32", [4]))).toThrow(
      "norm: a layer is normalised over rows, has [4]",
    );
  });
});

describe.each([{ shape: [5, 3] }, { shape: [2, 3, 2, 2] }])("batchNorm of $shape", ({ shape }) => {
  const area = sizeOf(shape.slice(2));
  const channelOf = (i: number) => Math.floor(i / area) % 3;
  const channels = (x: readonly number[]) => [0, 1, 2].map((c) => x.filter((_, i) => channelOf(i) === c));

  test("in training has the batch's statistics, and moves the running ones towards them", () => {
    const { results, feeds, of, y, inputs, scope } = trial(batchNorm, shape, { isTraining: true });
    const [x, weight, bias] = [numbers(feeds.x!), of("weight"), of("bias")];
    const groups = channels(x);
    const expected = x.map((value, i) => {
      const c = channelOf(i);
      const normal = (value - mean(groups[c]!)) / Math.sqrt(variance(groups[c]!) + epsilon);
      return normal * weight[c]! + bias[c]!;
    });
    expectClose(results.y!, expected);

    const count = groups[0]!.length;
    const moved = (running: number[], batch: number[]) =>
      running.map((value, c) => (1 - momentum) * value + momentum * batch[c]!);
    const [means, unbiased] = [groups.map(mean), groups.map((g) => (variance(g) * count) / (count - 1))];
    expect([...scope.updates.keys()]).toEqual(["layer.running_mean", "layer.running_var"]);
    expectClose(results["layer.running_mean.next"]!, moved(of("running_mean"), means));
    // count / (count − 1) is a constant in float32.
    const next = moved(of("running_var"), unbiased);
    results["layer.running_var.next"]!.data.forEach((value, c) => {
      expect(value).toBeCloseTo(next[c]!, 7);
    });

    const { "layer.running_mean": _, "layer.running_var": __, ...trainable } = inputs;
    expect(gradientError(weighted(tanh(y)), inputs, trainable, feeds)).toBeLessThan(tolerance);
  });

  test("otherwise has the running ones", () => {
    const { results, feeds, of, y, inputs, scope } = trial(batchNorm, shape);
    const [x, weight, bias, means, variances] = [
      numbers(feeds.x!),
      ...["weight", "bias", "running_mean", "running_var"].map(of),
    ] as [number[], number[], number[], number[], number[]];
    const expected = x.map((value, i) => {
      const c = channelOf(i);
      return ((value - means[c]!) / Math.sqrt(variances[c]! + epsilon)) * weight[c]! + bias[c]!;
    });
    expectClose(results.y!, expected);
    expect(scope.updates.size).toBe(0);
    expect(gradientError(weighted(tanh(y)), inputs, inputs, feeds)).toBeLessThan(tolerance);
  });
});

describe("batchNorm", () => {
  const training = { isTraining: true };

  test("has PyTorch's names, and takes any batch once it is trained", () => {
    const scope = new Scope(initialisers.glorot);
    expect(showType(batchNorm(scope)(input("x", "float32", ["batch", 4, 7, 7])))).toBe(
      "float32[batch,4,7,7]",
    );
    expect(scope.parameters).toMatchObject([
      { name: "weight", shape: [4], init: { value: 1 }, isTrainable: true },
      { name: "bias", shape: [4], init: { value: 0 }, isTrainable: true },
      { name: "running_mean", shape: [4], init: { value: 0 }, isTrainable: false },
      { name: "running_var", shape: [4], init: { value: 1 }, isTrainable: false },
    ]);
  });

  test("called twice on one scope is moved by the last call alone", () => {
    const twice = (scope: Scope) => (x: Floats) => {
      batchNorm(scope)(mul(x, 3));
      return batchNorm(scope)(x);
    };
    const [both, last] = [trial(twice, [4, 3], training), trial(batchNorm, [4, 3], training)];
    expect(both.results).toEqual(last.results);
  });

  test("refuses what has no channels, and in training a batch without a variance or a size", () => {
    const of = (shape: readonly (number | string)[]) => () =>
      batchNorm(new Scope(initialisers.he, {}, training).at("norm"))(input("x", "float32", shape));
    expect(of([4, 3, 2])).toThrow("norm: a batch is normalised as a matrix or as images, is [4,3,2]");
    expect(of([1, 3])).toThrow("norm: one value a channel has no variance: [1,3]");
    expect(of(["batch", 3])).toThrow("norm: needs fixed dimensions, has [batch,3]");
  });
});

describe("a scope", () => {
  test("shares buffers and their updates among its parts", () => {
    const scope = new Scope(initialisers.he, {}, { isTraining: true });
    const [count, total] = [scope.at("a").buffer("count", [2], zero), scope.buffer("total", [1], zero)];
    expect(scope.at("a").buffer("count", [2], zero)).toBe(count);
    expect(scope.at("a").at("b").isTraining).toBe(true);
    const next = add(count, 1);
    scope.at("a").update("count", add(count, 2));
    scope.at("a").update("count", next);
    expect([...scope.at("c").updates]).toEqual([["a.count", next]]);
    expect(scope.parameters.map(({ name, isTrainable }) => [name, isTrainable])).toEqual([
      ["a.count", false],
      ["total", false],
    ]);
    expect(nodesOf([next])).toHaveLength(1);
    expect(total.producer).toEqual({ kind: "input", name: "total" });
  });

  test("takes given values for buffers too, and does not train unless told", () => {
    const given = input("now", "float32", [2]);
    const scope = new Scope(initialisers.he, { "a.count": given });
    expect(scope.at("a").buffer("count", [2], zero)).toBe(given);
    expect(scope.at("a").isTraining).toBe(false);
  });

  test("tells parameters from buffers, and refuses an update of what is none or is of another shape", () => {
    const scope = new Scope(initialisers.he).at("a");
    const weight = scope.parameter("weight", [2], zero);
    scope.buffer("count", [3], zero);
    expect(() => scope.parameter("weight", [3], zero)).toThrow(
      "a.weight: was [2] before and is asked for as [3]",
    );
    expect(() => scope.buffer("weight", [2], zero)).toThrow(
      "a.weight: was [2] before and is asked for as a buffer [2]",
    );
    expect(() => scope.update("weight", weight)).toThrow("a.weight: is no buffer, so that it has no update");
    expect(() => scope.update("sum", weight)).toThrow("a.sum: is no buffer, so that it has no update");
    expect(() => scope.update("count", weight)).toThrow("a.count: is [3] and would become [2]");
  });
});
