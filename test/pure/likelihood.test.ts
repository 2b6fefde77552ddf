import { expect, test } from "vitest";
import { graph } from "../../src/ir/graph.ts";
import { tensor } from "../../src/ir/tensor.ts";
import { input } from "../../src/ir/value.ts";
import { bernoulli } from "../../src/nn/distribution.ts";
import { initialisers } from "../../src/nn/init.ts";
import { Scope } from "../../src/nn/scope.ts";
import { run } from "../support/interpreter/interpreter.ts";

test.each([1, 7, 24, 784])(
  "−log p of %i Bernoulli pixels is the same with and without a gradient",
  (pixels) => {
    const logits = input("logits", "float32", [3, pixels]);
    const x = input("x", "float32", [1, pixels]);
    const { negativeLogProbability, measured } = bernoulli(new Scope(initialisers.pytorch))(logits);
    const given = graph("pixels", { logits, x }, { plain: negativeLogProbability(x), fast: measured!(x) });
    // From certainly black to certainly white, pixels of every shade.
    const l = Float32Array.from({ length: 3 * pixels }, (_, i) => 80 * Math.sin(i * i));
    const shades = Float32Array.from({ length: pixels }, (_, i) => (i % 5) / 4);
    const { plain, fast } = run(given, {
      logits: tensor("float32", [3, pixels], l),
      x: tensor("float32", [1, pixels], shades),
    });
    for (let row = 0; row < 3; row++) {
      let direct = 0;
      for (let j = 0; j < pixels; j++) {
        const at = l[row * pixels + j]!;
        direct += Math.max(at, 0) + Math.log1p(Math.exp(-Math.abs(at))) - shades[j]! * at;
      }
      expect(Number(plain!.data[row])).toBeCloseTo(direct, 8);
      expect(Number(fast!.data[row])).toBeCloseTo(direct, 8);
    }
  },
);
