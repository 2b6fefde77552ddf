import { readFile } from "node:fs/promises";
import { afterEach, describe, expect, test, vi } from "vitest";
import wabt from "wabt";
import { isVectorised, philox, philoxBlocks } from "../../src/data/philox.ts";
import { Random } from "../../src/data/random.ts";

/** Philox4x32-10 in exact integers, straight from Salmon et al. 2011, §3.3, for any counter and key. */
function reference(counter: readonly number[], key: readonly number[]): number[] {
  const low = (value: bigint) => value & 0xffffffffn;
  let [c0, c1, c2, c3] = counter.map(BigInt) as [bigint, bigint, bigint, bigint];
  let [k0, k1] = key.map(BigInt) as [bigint, bigint];
  for (let round = 0; round < 10; round++) {
    const [first, second] = [0xd2511f53n * c0, 0xcd9e8d57n * c2];
    [c0, c1, c2, c3] = [(second >> 32n) ^ c1 ^ k0, low(second), (first >> 32n) ^ c3 ^ k1, low(first)];
    [k0, k1] = [low(k0 + 0x9e3779b9n), low(k1 + 0xbb67ae85n)];
  }
  return [c0, c1, c2, c3].map(Number);
}

function block(at: number, stream: number, key0: number, key1: number): number[] {
  const out = new Uint32Array(4);
  philox(out, at, stream, key0, key1);
  return [...out];
}

describe("philox", () => {
  // `philox4x32 10` of Random123's kat_vectors: counter, key, result.
  test.each([
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ])("the reference of this test gives Random123's answer for %j", (counter, key, answer) => {
    expect(reference(counter, key)).toEqual(answer);
  });

  test("gives Random123's answer for the counter and key 0", () => {
    expect(block(0, 0, 0, 0)).toEqual([0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
  });

  test("is the reference wherever the fourth word of the counter is 0", () => {
    const random = new Random(7, "counters");
    const extremes = [0, 1, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff];
    const word = () => (random.integer(3) === 0 ? extremes[random.integer(7)]! : random.uint32());
    for (let i = 0; i < 2000; i++) {
      const [low, high, stream, key0, key1] = [word(), word() % 2 ** 21, word(), word(), word()];
      expect(block(high * 2 ** 32 + low, stream, key0, key1)).toEqual(
        reference([low, high, stream, 0], [key0, key1]),
      );
    }
  });
});

describe("philoxBlocks", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  test("makes the same without WebAssembly", async () => {
    expect(isVectorised).toBe(true);
    const fast = new Uint32Array(4 * 1000);
    philoxBlocks(fast, 77, 1, 2, 3);
    vi.resetModules();
    vi.stubGlobal("WebAssembly", undefined);
    const slow = await import("../../src/data/philox.ts");
    expect(slow.isVectorised).toBe(false);
    const words = new Uint32Array(fast.length);
    slow.philoxBlocks(words, 77, 1, 2, 3);
    expect(words).toEqual(fast);
  });

  test.each([
    [0, 0],
    [1, 0],
    [3, 5],
    [4, 0xfffffff9],
    [4097, 7],
    [9001, 0x7fffff00],
    [64, 12 * 2 ** 32 + 3],
    ["across a carry", 2 ** 32 - 5],
    ["across a carry", 2 ** 33 - 1],
  ])("makes %s blocks from %i on as `philox` does", (given, first) => {
    const count = typeof given === "number" ? given : 100;
    const out = new Uint32Array(4 * count);
    philoxBlocks(out, first, 0x89abcdef, 0xfffffff0, 0xdeadbeef);
    const one = (i: number) => block(first + i, 0x89abcdef, 0xfffffff0, 0xdeadbeef);
    expect(out).toEqual(Uint32Array.from(Array.from({ length: count }, (_, i) => one(i)).flat()));
  });

  test("runs what philox.wat compiles to", async () => {
    const file = new URL("../../src/data/philox.wat", import.meta.url);
    const module = (await wabt()).parseWat("philox.wat", await readFile(file), { simd: true });
    const { buffer } = module.toBinary({});
    const hex = Buffer.from(buffer).toString("hex");
    await expect(
      `/** \`philox.wat\` compiled, in hexadecimal; made by test/pure/philox.test.ts. */\nexport const SIMD =\n  "${hex}";\n`,
    ).toMatchFileSnapshot("../../src/data/philox-simd.ts");
  });
});
