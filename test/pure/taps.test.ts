/** Convolutions as matrix products against those of the interpreter, in every window of the operators' samples. */
import { describe, expect, it } from "vitest";
import { convByTaps, kernelByTaps } from "../../src/autodiff/taps.ts";
import { Random } from "../../src/data/random.ts";
import { graph } from "../../src/ir/graph.ts";
import { sizeOf, tensor } from "../../src/ir/tensor.ts";
import { input } from "../../src/ir/value.ts";
import type { Attributes } from "../../src/ir/vocabulary.ts";
import { conv } from "../../src/ops/index.ts";
import { difference } from "../support/difference.ts";
import { run } from "../support/interpreter/interpreter.ts";
import { product } from "../support/samples/product.ts";

const ungrouped = product.Conv.filter(({ attributes }) => attributes.group === 1);
/** Sums in another order: at most 48 products of float64. */
const tolerance = 1e-13;

function draw(name: string, { shape }: { readonly shape: readonly (number | string)[] }) {
  const [random, sizes] = [new Random(3, name), shape as readonly number[]];
  return tensor(
    "float64",
    sizes,
    Float64Array.from({ length: sizeOf(sizes) }, () => random.normal()),
  );
}

function trial(sample: (typeof ungrouped)[number]) {
  const attributes: Attributes<"Conv"> = sample.attributes;
  const x = input("x", "float64", sample.inputs[0].shape);
  const w = input("w", "float64", sample.inputs[1].shape);
  const y = conv(x, w, undefined, attributes);
  return { attributes, x, w, y, feeds: { x: draw("x", x), w: draw("w", w) } };
}

describe.each(ungrouped.map((sample) => [JSON.stringify(sample.attributes), sample] as const))(
  "%s",
  (_, sample) => {
    const { attributes, x, w, y, feeds } = trial(sample);
    it("convolves", () => {
      const taps = convByTaps(x, w, y.shape.slice(2) as number[], attributes);
      const results = run(graph("conv", { x, w }, { y, taps }), feeds);
      expect(results.taps!.shape).toEqual(results.y!.shape);
      expect(difference(results.taps!.data, results.y!.data)).toBeLessThan(tolerance);
    });

    it("has the kernel's gradient: ⟨dy, conv(x, v)⟩ = ⟨dw, v⟩ for the kernels v", () => {
      const dy = input("dy", "float64", y.shape);
      const dw = kernelByTaps(x, dy, attributes);
      expect(dw.shape).toEqual(w.shape);
      const all = { ...feeds, dy: draw("dy", dy) };
      const results = run(graph("adjoint", { x, w, dy }, { dw, y }), all);
      const inner = (a: ArrayLike<number>, b: ArrayLike<number>) =>
        Array.from(a).reduce((sum, value, i) => sum + value * b[i]!, 0);
      expect(inner(results.dw!.data, all.w.data)).toBeCloseTo(inner(all.dy.data, results.y!.data), 10);
    });
  },
);
