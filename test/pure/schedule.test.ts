import { describe, expect, test } from "vitest";
import { factorAt, type Schedule } from "../../src/optim/schedule.ts";

/** The factors at these epochs of a run of ten. */
const factors = (schedule: Schedule, epochs: readonly number[]) =>
  epochs.map((epoch) => factorAt(schedule, epoch, 10));

describe("factorAt", () => {
  test("constant is 1", () => {
    expect(factors({ kind: "constant" }, [0, 3.7, 10])).toEqual([1, 1, 1]);
  });

  test("warmup rises from 0 to 1, then stays", () => {
    expect(factors({ kind: "warmup", epochs: 4 }, [0, 1, 2.5, 4, 9])).toEqual([0, 0.25, 0.625, 1, 1]);
  });

  test("step multiplies once every so many epochs", () => {
    expect(factors({ kind: "step", epochs: 3, factor: 0.5 }, [0, 2.99, 3, 6, 9.5])).toEqual([
      1, 1, 0.5, 0.25, 0.125,
    ]);
  });

  test("decay stays at 1, then falls in a straight line to 0", () => {
    const at = factors({ kind: "decay", share: 0.4 }, [0, 6, 7, 9, 10, 11]);
    for (const [i, factor] of [1, 1, 0.75, 0.25, 0, 0].entries()) expect(at[i]).toBeCloseTo(factor, 12);
  });

  test("burda has eight stages of 3^i epochs, 3,280 in all, each at 10^(-i/7)", () => {
    const stages = Array.from({ length: 8 }, (_, i) => new Array<number>(3 ** i).fill(10 ** (-i / 7))).flat();
    expect(stages).toHaveLength(3280);
    for (const [epoch, factor] of stages.entries()) {
      expect(factorAt({ kind: "burda" }, epoch, 3280)).toBe(factor);
      expect(factorAt({ kind: "burda" }, epoch + 0.999, 3280)).toBe(factor);
    }
    expect(factorAt({ kind: "burda" }, 5000, 5000)).toBe(0.1);
  });

  test("cosine falls from 1 to its floor, half way in the middle, and stays there", () => {
    const at = factors({ kind: "cosine", warmup: 0, floor: 0.2 }, [0, 5, 10, 12]);
    expect(at[0]).toBe(1);
    expect(at[1]).toBeCloseTo(0.6, 12);
    expect(at[2]).toBeCloseTo(0.2, 12);
    expect(at[3]).toBeCloseTo(0.2, 12);
  });

  test("cosine warms up first, and meets itself where the two join", () => {
    const schedule: Schedule = { kind: "cosine", warmup: 2, floor: 0 };
    expect(factors(schedule, [0, 1, 2])).toEqual([0, 0.5, 1]);
    expect(factorAt(schedule, 6, 10)).toBeCloseTo(0.5, 12);
    expect(factorAt(schedule, 2 - 1e-9, 10)).toBeCloseTo(1, 8);
  });

  test("cosine that is all warm-up has no point without a number", () => {
    for (const epoch of [0, 5, 10, 11]) {
      expect(Number.isFinite(factorAt({ kind: "cosine", warmup: 10, floor: 0.1 }, epoch, 10))).toBe(true);
    }
    expect(factorAt({ kind: "cosine", warmup: 0, floor: 0.1 }, 0, 0)).toBe(1);
  });
});
