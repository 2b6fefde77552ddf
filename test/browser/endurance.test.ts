/** Long trainings in Chromium: no GPU buffer is left behind, memory stays flat, and a lost device ends well. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findChromium, type ModulePage, openPage } from "../support/chromium.ts";

describe.skipIf(findChromium().missing !== undefined)("Chromium", () => {
  let page: ModulePage<typeof import("./page/endurance.ts")>;
  beforeAll(async () => {
    page = await openPage(new URL("page/endurance.ts", import.meta.url), { isolated: true });
    await page.call("watch");
  });
  afterAll(() => page?.close());

  test("500 steps on webgpu take as many GPU buffers as 10, and none stays", async () => {
    const taken = (await page.call("train", "webgpu", 50)).map(({ buffers }) => buffers);
    expect(taken).toHaveLength(51);
    expect(taken[0]).toBeGreaterThan(0);
    expect(new Set(taken.slice(0, -1)).size).toBe(1);
    expect(taken.at(-1)).toBe(0);
  }, 300_000);

  test("2,000 steps on wasm take as much memory as 10", async () => {
    const taken = (await page.call("train", "wasm", 200)).map(({ wasm }) => wasm);
    expect(taken).toHaveLength(201);
    expect(taken[0]).toBeGreaterThan(0);
    expect(new Set(taken).size).toBe(1);
  }, 300_000);

  test("a device that is lost ends the training, and the last checkpoint is left", async () => {
    const { message, ...left } = await page.call("lose");
    expect(message).toMatch(
      /^train: stopped after step \d+ of epoch 3: resident_step: ONNX Runtime: the GPU was lost \(.*\): release all that was opened on it, or reload the page, to use it again; the last checkpoint stays, of epoch 2$/,
    );
    expect(left).toMatchObject({ epoch: 2, step: 0, isWhole: true });
  }, 300_000);
});
