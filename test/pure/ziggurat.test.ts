import { describe, expect, test } from "vitest";
import { Ziggurat } from "../../src/data/ziggurat.ts";

describe("Ziggurat", () => {
  const draw = (seed: number, stream: string, count = 8) =>
    new Ziggurat(seed, stream).fill(new Float32Array(count));

  test("is the same for one seed and stream, and another for another", () => {
    const all = [draw(1, "a"), draw(2, "a"), draw(1, "b"), draw(1 + 2 ** 32, "a")];
    expect(draw(1, "a")).toEqual(all[0]);
    expect(new Set(all.flatMap((values) => [...values])).size).toBe(8 * all.length);
  });

  test("gives the same numbers in however many parts they are asked for", () => {
    const whole = draw(5, "parts", 5000);
    const stream = new Ziggurat(5, "parts");
    const parts = [1, 2, 997, 4000].flatMap((count) => [...stream.fill(new Float32Array(count))]);
    expect(parts).toEqual([...whole]);
  });

  test("draws from the standard normal distribution, edges of the layers and the tail included", () => {
    const n = 2_000_000;
    const values = draw(6, "normal", n).sort();
    // Kolmogorov's distance, at the 99.9 % point: a layer that is off by a thousandth of the area is found.
    let distance = 0;
    for (let i = 0; i < n; i += 50) distance = Math.max(distance, Math.abs(cumulative(values[i]!) - i / n));
    expect(distance).toBeLessThan(1.95 / Math.sqrt(n));
    const moment = (power: number) => values.reduce((sum, value) => sum + value ** power, 0) / n;
    // Four standard errors: the variances of x, x², x³, x⁴ are 1, 2, 15 and 96.
    for (const [power, expected, variance] of [
      [1, 0, 1],
      [2, 1, 2],
      [3, 0, 15],
      [4, 3, 96],
    ] as const)
      expect(Math.abs(moment(power) - expected)).toBeLessThan(4 * Math.sqrt(variance / n));
    // Beyond 3.4426, where the tail begins, and beyond 4 on either side.
    for (const [bound, share] of [
      [3.442619855899, 5.7611e-4],
      [4, 6.3342e-5],
    ] as const) {
      for (const side of [1, -1]) {
        const beyond = values.reduce((count, value) => count + (value * side > bound ? 1 : 0), 0);
        expect(Math.abs(beyond - (n * share) / 2)).toBeLessThan(4 * Math.sqrt((n * share) / 2));
      }
    }
  });
});

/** Φ(x) by its series about 0, and by the continued fraction beyond 3. */
function cumulative(x: number): number {
  const density = Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
  if (Math.abs(x) > 3) {
    let fraction = Math.abs(x);
    for (let i = 60; i > 0; i--) fraction = Math.abs(x) + i / fraction;
    return x > 0 ? 1 - density / fraction : density / fraction;
  }
  let [term, sum] = [x, x];
  for (let i = 3; Math.abs(term) > 1e-17; i += 2) {
    term *= (x * x) / i;
    sum += term;
  }
  return 0.5 + density * sum;
}
