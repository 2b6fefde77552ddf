import { describe, expect, test } from "vitest";
import { Random } from "../../src/data/random.ts";

/** Pearson's statistic of counts that should all be alike. */
function chiSquare(counts: ArrayLike<number>, total: number): number {
  const expected = total / counts.length;
  return Array.from(counts).reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

describe("Random", () => {
  test("is the same for one seed and stream, and another for another", () => {
    const words = (seed: number, stream: string) => {
      const random = new Random(seed, stream);
      return Array.from({ length: 8 }, () => random.uint32());
    };
    const all = [
      words(1, "noise"),
      words(2, "noise"),
      words(1, "noisf"),
      words(1 + 2 ** 32, "noise"),
      words(1, ""),
      words(Number.MAX_SAFE_INTEGER, "noise"),
    ];
    expect(words(1, "noise")).toEqual(all[0]);
    expect(new Set(all.map(String)).size).toBe(all.length);
    expect(new Set(all.flat()).size).toBe(8 * all.length);
  });

  test("reaches a position without drawing what lies before it", () => {
    const whole = new Random(5, "noise").fillNormal(new Float32Array(400));
    for (const block of [1, 7, 50, 99]) {
      const rest = new Random(5, "noise", block).fillNormal(new Float32Array(400 - 4 * block));
      expect(rest).toEqual(whole.subarray(4 * block));
    }
  });

  test("fills with the words that it would draw one at a time, wherever it is in a block", () => {
    for (const [drawn, count] of [
      [0, 3],
      [1, 4],
      [2, 2],
      [3, 5],
      [1, 10_001],
      [0, 8192],
    ] as const) {
      const [one, many] = [new Random(11, "fill"), new Random(11, "fill")];
      const words = Array.from({ length: drawn + count + 1 }, () => one.uint32());
      for (let i = 0; i < drawn; i++) many.uint32();
      const filled = many.fillUniform(new Float32Array(count), -0.5, 0.5);
      const expected = words.slice(drawn, -1).map((word) => Math.min(word / 2 ** 32, 1 - 2 ** -24) - 0.5);
      expect(filled).toEqual(Float32Array.from(expected));
      expect(many.uint32()).toBe(words.at(-1));

      const [single, normal] = [new Random(12, "fill"), new Random(12, "fill")];
      for (const random of [single, normal]) for (let i = 0; i < drawn; i++) random.uint32();
      const even = count - (count % 2);
      // A single number is the first of its pair.
      const firsts = Array.from({ length: even / 2 }, () => Math.fround(single.normal()));
      const pairs = normal.fillNormal(new Float32Array(even));
      expect(pairs.filter((_, i) => i % 2 === 0)).toEqual(Float32Array.from(firsts));
      expect(normal.uint32()).toBe(single.uint32());
    }
  });

  test("draws uniform numbers evenly in [low, high)", () => {
    const random = new Random(3, "uniform");
    const counts = new Uint32Array(100);
    for (let i = 0; i < 100_000; i++) {
      const value = random.uniform(-2, 3);
      expect(value >= -2 && value < 3).toBe(true);
      counts[Math.floor((value + 2) * 20)]!++;
    }
    // The 0.1 % and 99.9 % points of χ² with 99 degrees of freedom.
    expect(chiSquare(counts, 100_000)).toBeGreaterThan(60.3);
    expect(chiSquare(counts, 100_000)).toBeLessThan(148.2);
  });

  test.each([1, 2, 3, 7, 1000, 2 ** 31 + 1])("draws integers below %i only, and evenly", (limit) => {
    const random = new Random(4, "integer");
    const counts = new Uint32Array(Math.min(limit, 10));
    for (let i = 0; i < 20_000; i++) {
      const value = random.integer(limit);
      expect(Number.isInteger(value) && value >= 0 && value < limit).toBe(true);
      counts[Math.floor((value / limit) * counts.length)]!++;
    }
    // Far beyond the 99.9 % point of χ² with nine degrees of freedom, for limits that ten does not divide.
    expect(chiSquare(counts, 20_000)).toBeLessThan(28);
  });

  test("draws normal numbers with the moments and tails of the standard normal distribution", () => {
    const n = 200_000;
    const values = new Random(6, "normal").fillNormal(new Float32Array(n));
    const moment = (power: number) => values.reduce((sum, value) => sum + value ** power, 0) / n;
    // Four standard errors: the variances of x, x², x³, x⁴ are 1, 2, 15 and 96.
    const within = (power: number, expected: number, variance: number) =>
      expect(Math.abs(moment(power) - expected)).toBeLessThan(4 * Math.sqrt(variance / n));
    within(1, 0, 1);
    within(2, 1, 2);
    within(3, 0, 15);
    within(4, 3, 96);
    const beyond = (limit: number) => values.filter((value) => Math.abs(value) > limit).length / n;
    expect(beyond(1)).toBeCloseTo(0.3173, 2);
    expect(beyond(2)).toBeCloseTo(0.0455, 3);
    expect(beyond(3)).toBeCloseTo(0.0027, 3);
    const neighbours = values.reduce((sum, value, i) => sum + value * (values[i + 1] ?? 0), 0) / n;
    expect(Math.abs(neighbours)).toBeLessThan(4 / Math.sqrt(n));
  });

  test("fills an odd length as it does an even one, and draws single numbers of the same kind", () => {
    const even = new Random(8, "odd").fillNormal(new Float32Array(10));
    expect(new Random(8, "odd").fillNormal(new Float32Array(9))).toEqual(even.subarray(0, 9));
    expect(Math.fround(new Random(8, "odd").normal())).toBe(even[0]);
  });

  test("permutes: every position once, all orders alike", () => {
    for (const length of [0, 1, 2, 1000]) {
      const order = new Random(9, `of ${length}`).permutation(length);
      expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length }, (_, i) => i));
    }
    const counts = new Map<string, number>();
    const random = new Random(10, "orders");
    for (let i = 0; i < 24_000; i++) {
      const order = random.permutation(4).join("");
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    // The 99.9 % point of χ² with 23 degrees of freedom.
    expect(chiSquare([...counts.values()], 24_000)).toBeLessThan(49.7);
  });
});
