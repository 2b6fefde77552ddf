/** The package in a browser: the same calls as in Node, and models that give the same in both. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeHost } from "../../runtime/host/node.ts";
import { codeOf, Decoder, Encoder } from "../../runtime/models.ts";
import { drawDigits } from "../../src/data/digits/digits.ts";
import { findChromium, type ModulePage, openPage } from "../support/chromium.ts";

describe.skipIf(findChromium().missing !== undefined).each([true, false])(
  "a page, isolated: %s",
  (isolated) => {
    let page: ModulePage<typeof import("./page/models.ts")>;
    beforeAll(async () => {
      page = await openPage(new URL("page/models.ts", import.meta.url), { isolated });
    });
    afterAll(() => page?.close());

    test("trains, exports, encodes and decodes; Node makes the same of the exported models", async () => {
      const { device, encoderModel, decoderModel, codes, decoded } = await page.call("trainAndUse");
      expect(device).toBe(process.env.ISTHMUS_GPU === "1" ? "webgpu" : "wasm");
      const encoder = await Encoder.open(encoderModel, "encoder", nodeHost);
      const decoder = await Decoder.open(decoderModel, "decoder", nodeHost);
      const { images } = drawDigits(200, 1);
      const here = codeOf(await encoder.encode(images.slice(0, 8)));
      const pixels = (await decoder.decode(codes)).data;
      expect(codes.shape).toEqual([8, 2]);
      expect(decoded.shape).toEqual([8, 1, 28, 28]);
      for (const [i, value] of here.data.entries()) expect(codes.data[i]).toBeCloseTo(value, 4);
      for (const [i, value] of pixels.entries()) expect(decoded.data[i]).toBeCloseTo(value, 4);
    });

    test("says what works, and what more threads need", async () => {
      const [wasm, webgpu] = await page.call("devices");
      const detail = isolated
        ? /^\d+ threads$/
        : /^1 thread; more need a cross-origin isolated page: .*Cross-Origin-Opener-Policy/;
      expect(wasm).toMatchObject({ device: "wasm", works: true, detail: expect.stringMatching(detail) });
      expect(webgpu).toMatchObject({ device: "webgpu", works: true });
    });

    test("takes calls at once on webgpu, each with its own answer", async () => {
      const { decoderModel } = await page.call("trainAndUse");
      expect(await page.call("sampleAtOnce", decoderModel)).toBe(0);
    });

    test("gives checkpoints in mid-training whose state is of their position", async () => {
      const seen = await page.call("checkpointWhileTraining");
      expect(seen.length).toBeGreaterThan(1);
      for (const [position, state] of seen) expect(state).toBe(position);
    });

    if (isolated) return;
    test("refuses threads that it can't have", async () => {
      await expect(page.call("openWithThreads", 2)).rejects.toThrow(
        /wasm: 2 threads need a cross-origin isolated page/,
      );
    });
  },
);
