/** Runs in a browser's own storage: killed in the middle of any file they are whole or not there, and go on. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findChromium, type ModulePage, openPage } from "../support/chromium.ts";

describe.skipIf(findChromium().missing !== undefined)("a run in a page's storage", () => {
  let page: ModulePage<typeof import("./page/run-files.ts")>;
  let undisturbed: Readonly<Record<string, string>>;
  let written: number;
  beforeAll(async () => {
    page = await openPage(new URL("page/run-files.ts", import.meta.url));
    written = await page.call("trainWhole", "runs/whole");
    undisturbed = await page.call("outcome", "runs/whole");
  });
  afterAll(() => page?.close());

  test("has the files of a run", () => {
    expect(Object.keys(undisturbed)).toEqual([
      ...["best.safetensors", "checkpoint.safetensors", "decoder.onnx", "encoder.onnx", "evaluation.onnx"],
      ...["metrics.jsonl", "run.json", "step.onnx", "training.onnx"],
    ]);
    expect(written).toBeGreaterThan(12);
  });

  test("closed in the middle of any file is whole or not there, and ends as one that was not", async () => {
    for (let at = 1; at <= written; at++) {
      const out = `runs/closed-${at}`;
      await page.call("dieAt", out, at);
      await page.page.reload();
      // The fourth file is run.json, which comes last.
      expect(await page.call("isWhole", out), `closed in file ${at}`).toBe(at > 4);
      await page.call("trainWhole", out);
      expect(await page.call("outcome", out), `closed in file ${at}`).toEqual(undisturbed);
    }
  }, 300_000);

  test("is not begun anew where there is one", async () => {
    expect(await page.call("beginAgain", "runs/whole")).toBe(
      "runs/whole: exists and is not empty (it holds a run: continue it with --resume, or choose another --out)",
    );
  });
});
