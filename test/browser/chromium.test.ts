/** The way into a browser works: a graph made in Node runs there, on both devices, with and without threads. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { graph } from "../../src/ir/graph.ts";
import { input } from "../../src/ir/value.ts";
import { encode } from "../../src/onnx/encode.ts";
import { add } from "../../src/ops/index.ts";
import { findChromium, type ModulePage, openPage } from "../support/chromium.ts";

const chromium = findChromium();
if (chromium.missing) console.info(`skipped: Chromium: ${chromium.missing}`);

const x = input("x", "float32", [4]);
const model = encode(graph("probe", { x }, { y: add(x, 1) }));

describe.skipIf(chromium.missing !== undefined).each([
  { isolated: false, threads: 1 },
  { isolated: true, threads: 2 },
])("a page with isolated: $isolated", ({ isolated, threads }) => {
  let page: ModulePage<typeof import("./page/probe.ts")>;
  beforeAll(async () => {
    page = await openPage(new URL("page/probe.ts", import.meta.url), { isolated });
  });
  afterAll(() => page?.close());

  test.each(["wasm", "webgpu"] as const)("runs a graph on %s", async (device) => {
    const { data, shape } = await page.call("run", device, threads, model, Float32Array.of(0, 1, 2, 3));
    expect(data).toEqual(Float32Array.of(1, 2, 3, 4));
    expect(shape).toEqual([4]);
  });

  test("shares memory between threads only where it is isolated", async () => {
    expect(await page.call("isIsolated")).toBe(isolated);
  });

  test("hands errors over, thrown or reported", async () => {
    await expect(page.call("fail", "thrown")).rejects.toThrow("it was thrown");
    await expect(page.call("fail", "reported")).rejects.toThrow("it was reported");
    expect(await page.call("isIsolated")).toBe(isolated);
  });
});
