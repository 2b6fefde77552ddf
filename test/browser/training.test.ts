/** Trainings in a page's worker: killed and gone on with, handed to Node and back. */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { nodeHost } from "../../runtime/host/node.ts";
import { Run } from "../../runtime/run.ts";
import { drawDigits } from "../../src/data/digits/digits.ts";
import { findChromium } from "../support/chromium.ts";
import { command, start } from "../support/cli.ts";
import { idxBytes, temporaryFolder } from "../support/idx.ts";
import { digitPng } from "../support/pictures.ts";
import { choice, FIRST, filesOf, openTab, type TrainingPage, tidy, unpack } from "../support/tab.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** A run that Node wrote, as files to drop. */
async function readFolder(path: string): Promise<{ path: string; bytes: Bytes }[]> {
  const names = (await readdir(path)).filter((name) => /\.(json|jsonl|safetensors)$/.test(name));
  return Promise.all(
    names.map(async (name) => ({
      path: `run/${name}`,
      bytes: new Uint8Array(await readFile(join(path, name))),
    })),
  );
}

describe.skipIf(findChromium().missing !== undefined)("a training in a page", () => {
  let page: TrainingPage;
  beforeAll(async () => {
    page = await openTab();
  });
  afterAll(() => page?.close());
  afterEach(() => tidy(page));

  let whole: Readonly<Record<string, Uint8Array>>;

  test("begins, tells its losses and shows pictures, and ends with models", async () => {
    const told = await page.call("begin", choice);
    expect(told.error).toBeUndefined();
    expect(told.ending).toMatchObject({ kind: "done", epochs: 3 });
    expect(told.begun).toMatchObject({ name: FIRST, device: "wasm", counts: [200, 50, 50] });
    expect(told.losses).toHaveLength(3);
    expect(told.losses[2]).toBeLessThan(told.losses[0]!);
    expect(told.pictures).toBeGreaterThan(0);
    whole = await filesOf(page, FIRST);
    expect(Object.keys(whole).sort()).toEqual([
      ...["best.safetensors", "checkpoint.safetensors", "decoder.onnx", "encoder.onnx", "evaluation.onnx"],
      ...["metrics.jsonl", "run.json", "step.onnx", "training.onnx"],
    ]);
    expect(await page.call("download", FIRST, "encoder")).toEqual(whole["encoder.onnx"]);
  }, 120_000);

  test.each([3, 14, 21])(
    "killed after %i steps is offered, and ends as one that was not",
    async (steps) => {
      await page.call("begin", choice, { killAfter: steps });
      await page.call("start");
      const [kept] = await page.call("runs");
      expect(kept).toMatchObject({ isDone: false, isBusy: false, needsFiles: false, epochs: 3 });
      const { ending, error } = await page.call("resume", kept!.name, undefined);
      expect(error).toBeUndefined();
      expect(ending).toMatchObject({ kind: "done" });
      const after = await filesOf(page, kept!.name);
      for (const name of ["checkpoint.safetensors", "best.safetensors", "encoder.onnx", "training.onnx"])
        expect(Buffer.compare(after[name]!, whole[name]!), name).toBe(0);
      await page.call("remove", kept!.name);
    },
    120_000,
  );

  test("paused in the page, Node goes on with it on the same data, and the page with what Node has", async () => {
    // So many epochs that the pause comes in time.
    const training = { ...choice.training, epochs: 500 };
    const { ending, begun } = await page.call("begin", { ...choice, training }, { pauseAfter: 12 });
    if (ending?.kind !== "paused") throw new Error(`it was ${ending?.kind}`);
    const epochs = ending.epoch + 2;
    const path = await unpack(page, begun!.name, await temporaryFolder());
    const { code, stderr } = await start(
      [...command, "train", "--resume", path, "--epochs", String(epochs), "--no-report", "--device", "cpu"],
      dirname(path),
    ).ended;
    expect(code, stderr).toBe(0);
    const run = await Run.open(path, nodeHost);
    expect(run.config.result?.epochs).toBe(epochs);
    expect((await run.directory.readMetrics()).map(({ epoch }) => epoch)).toEqual(
      Array.from({ length: epochs }, (_, i) => i + 1),
    );

    const name = await page.call("take", await readFolder(path));
    expect(await page.call("runs")).toContainEqual(expect.objectContaining({ name, isDone: true }));
    // Its models stay in Node: the page makes them of the weights.
    for (const half of ["encoder", "decoder"] as const) {
      const there = await readFile(join(path, `${half}.onnx`));
      expect(Buffer.compare(await page.call("download", name, half), there), half).toBe(0);
    }
    const again = await page.call("resume", name, "wasm");
    expect(again.error).toBeUndefined();
    expect(again.ending).toMatchObject({ kind: "done", epochs });
    expect(again.begun?.epochs).toHaveLength(epochs);
  }, 180_000);

  test("begun in Node on files and stopped there, asks for the same files, and goes on", async () => {
    const { images, labels } = drawDigits(180, 1);
    const files = [
      { path: "train-images-idx3-ubyte", bytes: idxBytes([180, 28, 28], images.data) as Bytes },
      { path: "train-labels-idx1-ubyte", bytes: idxBytes([180], labels) as Bytes },
    ];
    const into = await temporaryFolder();
    for (const { path, bytes } of files) await writeFile(join(into, path), bytes);
    const path = join(into, "run");
    const settings = ["--hidden", "8", "--latent", "2", "--batch", "32", "--epochs", "1", "--no-report"];
    const { code, stderr } = await start(
      [...command, "train", "--data", into, "--out", path, "--device", "cpu", ...settings],
      into,
    ).ended;
    expect(code, stderr).toBe(0);
    const run = await readFolder(path);
    const config = JSON.parse(
      new TextDecoder().decode(run.find((file) => file.path === "run/run.json")!.bytes),
    );
    const { result: _, ...begun } = config;
    begun.training.epochs = 2;
    const longer = run.map((file) =>
      file.path === "run/run.json"
        ? { ...file, bytes: new TextEncoder().encode(JSON.stringify(begun)) as Bytes }
        : file,
    );
    const name = await page.call("take", longer);
    expect(await page.call("runs")).toContainEqual(
      expect.objectContaining({ name, needsFiles: true, epoch: 1 }),
    );
    const { error } = await page.call("resume", name, undefined);
    expect(error).toMatch(
      /^data: the run was begun on .*, which the page does not have: drop the same files/,
    );
    const others = files.map((file) => ({ ...file, bytes: file.bytes.with(100, 1) as Bytes }));
    const { ending: refused } = await page.call("resume", name, undefined, others);
    expect(refused).toMatchObject({
      kind: "failed",
      message: expect.stringMatching(/can't be resumed: its data \(.*\) are not those that it began with/),
    });
    const { ending } = await page.call("resume", name, undefined, files);
    expect(ending).toMatchObject({ kind: "done", epochs: 2 });
  }, 180_000);

  test("on IDX files, Node goes on with it on the same files", async () => {
    const { images, labels } = drawDigits(180, 1);
    const files = [
      { path: "train-images-idx3-ubyte", bytes: idxBytes([180, 28, 28], images.data) as Bytes },
      { path: "train-labels-idx1-ubyte", bytes: idxBytes([180], labels) as Bytes },
    ];
    const { begun } = await page.call("beginOn", choice, files);
    const into = await temporaryFolder();
    const data = join(into, "data");
    await mkdir(data);
    for (const { path, bytes } of files) await writeFile(join(data, path), bytes);
    const path = await unpack(page, begun!.name, into);
    const { code, stderr } = await start(
      [...command, "train", "--resume", path, "--data", data, "--epochs", "4", "--no-report"],
      into,
    ).ended;
    expect(code, stderr).toBe(0);
    expect((await Run.open(path, nodeHost)).config.result?.epochs).toBe(4);
  }, 120_000);

  const animals = (first: number) =>
    Promise.all(
      Array.from({ length: 60 }, async (_, i) => ({
        path: `animals/${i % 2 === 0 ? "cat" : "dog"}/${i}.png`,
        bytes: new Uint8Array((await digitPng(first + i)).png),
      })),
    );
  const small = { ...choice, training: { batch: 10, epochs: 3 } };

  test("goes on with its own data, whatever files another run was begun on", async () => {
    const [files, others] = [await animals(1), await animals(100)];
    const paused = await page.call("beginOn", small, files, { pauseAfter: 6 });
    const { begun } = await page.call("begin", choice, { killAfter: 6 });
    await page.call("start");
    const drawn = await page.call("resume", begun!.name, undefined, others);
    expect(drawn.ending).toMatchObject({ kind: "done" });
    expect(await page.call("keepsFiles", begun!.name)).toBe(false);
    const { name } = paused.begun!;
    expect((await page.call("resume", name, undefined, others)).ending).toMatchObject({ kind: "done" });
  }, 120_000);

  test("paused on files goes on without reading them again, and keeps them", async () => {
    const long = { ...small, training: { batch: 10, epochs: 500 } };
    const files = await animals(1);
    const { ending, begun, doing } = await page.call("beginOn", long, files, { pauseAfter: 1 });
    expect(ending).toMatchObject({ kind: "paused" });
    expect(doing).toContain("reading the files");
    const again = await page.call("resume", begun!.name, undefined, files, { pauseAfter: 20 });
    expect(again.ending).toMatchObject({ kind: "paused" });
    expect(again.doing).not.toContain("reading the files");
    await expect.poll(() => page.call("keepsFiles", begun!.name)).toBe(true);
  }, 120_000);

  test("killed on files that were dropped goes on with them, as one that was not", async () => {
    const files = await animals(1);
    const { ending, begun } = await page.call("beginOn", small, files);
    expect(ending).toMatchObject({ kind: "done" });
    expect(begun).toMatchObject({ classes: ["cat", "dog"], image: [1, 28, 28], counts: [48, 6, 6] });
    const undisturbed = await filesOf(page, begun!.name);
    await page.call("beginOn", small, files, { killAfter: 6 });
    await page.call("start");
    const kept = (await page.call("runs")).find(({ isDone }) => !isDone)!;
    expect(kept).toMatchObject({ needsFiles: false, data: "dropped files" });
    expect((await page.call("resume", kept.name, undefined)).ending).toMatchObject({ kind: "done" });
    const after = await filesOf(page, kept.name);
    expect(Object.keys(after)).toEqual(Object.keys(undisturbed));
    expect(Buffer.compare(after["checkpoint.safetensors"]!, undisturbed["checkpoint.safetensors"]!)).toBe(0);
  }, 120_000);
});
