/** Trainings in a page's worker: killed and gone on with, handed to Node and back, and what stands in their way. */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { unzipSync, zipSync } from "fflate";
import { Jimp } from "jimp";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { TrainingChoice } from "../../runtime/browser/train/messages.ts";
import { nodeHost } from "../../runtime/host/node.ts";
import { Run } from "../../runtime/run.ts";
import { writeSafetensors } from "../../runtime/safetensors.ts";
import { drawDigits } from "../../src/data/digits/digits.ts";
import { findChromium, type ModulePage, openPage } from "../support/chromium.ts";
import { command, start } from "../support/cli.ts";
import { idxBytes, temporaryFolder } from "../support/idx.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** A drawn digit as a PNG. */
async function pngOf(i: number): Promise<Bytes> {
  const { images } = drawDigits(i + 1, 1);
  const { data } = images.slice(i, i + 1);
  const rgba = Buffer.from(Array.from(data, (byte) => [byte, byte, byte, 255]).flat());
  const picture = Jimp.fromBitmap({ width: 28, height: 28, data: rgba });
  return new Uint8Array(await picture.getBuffer("image/png"));
}

/** What the first training is called. */
const FIRST = "digits-vae";

const choice: TrainingChoice = {
  preset: "vae",
  data: { kind: "digits", count: 200 },
  model: { hidden: [16], latent: 2 },
  training: { batch: 20, epochs: 3 },
  device: "wasm",
};

describe.skipIf(findChromium().missing !== undefined)("a training in a page", () => {
  let page: ModulePage<typeof import("./page/training.ts")>;
  const folder = () => temporaryFolder();
  beforeAll(async () => {
    page = await openPage(new URL("page/training.ts", import.meta.url), {
      workers: {
        worker: new URL("../../runtime/browser/train/training.worker.ts", import.meta.url),
        losing: new URL("page/losing.worker.ts", import.meta.url),
      },
    });
    await page.call("start");
  });
  afterAll(() => page?.close());
  afterEach(async () => {
    // The first training is compared with; what others leave is no matter of the next.
    for (const { name } of await page.call("runs")) if (name !== FIRST) await page.call("remove", name);
  });

  /** A run's files by name, out of the zip that the page gives. */
  async function filesOf(name: string): Promise<Readonly<Record<string, Uint8Array>>> {
    const zip = unzipSync(await page.call("download", name, "checkpoint"));
    return Object.fromEntries(
      Object.entries(zip).map(([path, bytes]) => [path.slice(name.length + 1), bytes]),
    );
  }

  /** Unpacks a run into a folder. */
  async function unpack(name: string, into: string): Promise<string> {
    for (const [file, bytes] of Object.entries(await filesOf(name))) {
      await mkdir(dirname(join(into, name, file)), { recursive: true });
      await writeFile(join(into, name, file), bytes);
    }
    return join(into, name);
  }

  async function readFolder(path: string): Promise<{ path: string; bytes: Bytes }[]> {
    const names = (await readdir(path)).filter((name) => /\.(json|jsonl|safetensors)$/.test(name));
    return Promise.all(
      names.map(async (name) => ({
        path: `run/${name}`,
        bytes: new Uint8Array(await readFile(join(path, name))),
      })),
    );
  }

  let whole: Readonly<Record<string, Uint8Array>>;

  test("begins, tells its losses and shows pictures, and ends with models", async () => {
    const told = await page.call("begin", choice);
    expect(told.error).toBeUndefined();
    expect(told.ending).toMatchObject({ kind: "done", epochs: 3 });
    expect(told.begun).toMatchObject({ name: FIRST, device: "wasm", counts: [200, 50, 50] });
    expect(told.losses).toHaveLength(3);
    expect(told.losses[2]).toBeLessThan(told.losses[0]!);
    expect(told.pictures).toBeGreaterThan(0);
    whole = await filesOf(FIRST);
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
      const after = await filesOf(kept!.name);
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
    const path = await unpack(begun!.name, await folder());
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
    const into = await folder();
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

  test("killed on files that were dropped goes on with them, as one that was not", async () => {
    const names = Array.from({ length: 60 }, (_, i) => `animals/${i % 2 === 0 ? "cat" : "dog"}/${i}.png`);
    const files = await Promise.all(names.map(async (path, i) => ({ path, bytes: await pngOf(i) })));
    const small = { ...choice, training: { batch: 10, epochs: 3 } };
    const { ending, begun } = await page.call("beginOn", small, files);
    expect(ending).toMatchObject({ kind: "done" });
    expect(begun).toMatchObject({ classes: ["cat", "dog"], image: [1, 28, 28], counts: [48, 6, 6] });
    const undisturbed = await filesOf(begun!.name);
    await page.call("beginOn", small, files, { killAfter: 6 });
    await page.call("start");
    const kept = (await page.call("runs")).find(({ isDone }) => !isDone)!;
    expect(kept).toMatchObject({ needsFiles: false, data: "dropped files" });
    expect((await page.call("resume", kept.name, undefined)).ending).toMatchObject({ kind: "done" });
    const after = await filesOf(kept.name);
    expect(Object.keys(after)).toEqual(Object.keys(undisturbed));
    expect(Buffer.compare(after["checkpoint.safetensors"]!, undisturbed["checkpoint.safetensors"]!)).toBe(0);
  }, 120_000);

  test("whose GPU is lost says so, and goes on with WASM", async () => {
    await page.call("start", "losing");
    const onGpu = { ...choice, device: "webgpu" as const, training: { batch: 20, epochs: 3 } };
    const lost = await page.call("begin", onGpu, { loseAfter: 12 });
    expect(lost.ending).toMatchObject({
      kind: "failed",
      cause: "device",
      isKept: true,
      message: expect.stringMatching(/the GPU was lost .*; the last checkpoint stays, of epoch \d/),
    });
    await page.call("start");
    const again = await page.call("resume", lost.begun!.name, "wasm");
    expect(again.ending).toMatchObject({ kind: "done", epochs: 3 });
    expect(again.begun).toMatchObject({ device: "wasm" });
  }, 300_000);

  test("goes on in memory where storage is full, and says so", async () => {
    const session = await page.page.context().newCDPSession(page.page);
    const quota = (bytes?: number) =>
      session.send("Storage.overrideQuotaForOrigin", {
        origin: page.origin,
        ...(bytes === undefined ? {} : { quotaSize: bytes }),
      });
    await quota(30_000);
    const { ending, warnings, error } = await page.call("begin", choice);
    await quota();
    expect(error).toBeUndefined();
    expect(ending).toMatchObject({ kind: "done" });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/is full\. The training goes on in memory: download the checkpoint/);
    const name = (await page.call("runs")).find((run) => run.name !== FIRST)!.name;
    const files = await filesOf(name);
    expect(Buffer.compare(files["checkpoint.safetensors"]!, whole["checkpoint.safetensors"]!)).toBe(0);
    await page.call("start");
    expect((await page.call("runs")).map((run) => run.name)).toEqual([FIRST]);
  }, 120_000);

  test("on losses that are no numbers ends with what to do, and the last good checkpoint", async () => {
    const training = { ...choice.training, learningRate: 1e30, batch: 100 };
    const { ending } = await page.call("begin", { ...choice, training });
    expect(ending).toMatchObject({
      kind: "failed",
      cause: "numbers",
      isKept: true,
      message: expect.stringMatching(/the last checkpoint stays; try a lower learning rate/),
    });
  }, 120_000);

  const text = (content: string) => new TextEncoder().encode(content) as Bytes;
  const digits = drawDigits(60, 1);
  const images = idxBytes([60, 28, 28], digits.images.data) as Bytes;
  test.each([
    [
      "a text",
      [{ path: "notes.docx", bytes: text("no") }],
      /^notes\.docx: is neither an image nor an IDX file: drop/,
    ],
    [
      "no image",
      ["a", "b", "c"].map((name) => ({ path: `${name}.png`, bytes: text("no") })),
      /^[abc]\.png: is no image that this browser can read, or is damaged/,
    ],
    [
      "a truncated IDX file",
      [{ path: "train-images-idx3-ubyte", bytes: images.subarray(0, 5000) as Bytes }],
      /^train-images-idx3-ubyte: is cut short: its IDX header \[60,28,28\] promises 47040 bytes/,
    ],
    [
      "a truncated gzip file",
      [{ path: "train-images-idx3-ubyte.gz", bytes: Uint8Array.from([0x1f, 0x8b, 8, 0, 1, 2]) as Bytes }],
      /^train-images-idx3-ubyte\.gz: is a damaged gzip file/,
    ],
    [
      "labels that are too few",
      [
        { path: "train-images-idx3-ubyte", bytes: images },
        { path: "train-labels-idx1-ubyte", bytes: idxBytes([59], digits.labels.subarray(0, 59)) as Bytes },
      ],
      /^train-labels-idx1-ubyte: holds 59 labels for 60 images/,
    ],
    [
      "IDX files and images",
      [
        { path: "train-images-idx3-ubyte", bytes: images },
        { path: "a.png", bytes: images },
      ],
      /^dropped files: are IDX files and images: drop the ones or the others/,
    ],
  ])("%s is refused in one line", async (_, files, message) => {
    const { error } = await page.call("beginOn", choice, files);
    expect(error).toMatch(message);
  });

  test.each([
    [
      "a newer version",
      { "run.json": '{"format": 99, "isthmus": "9.0.0"}' },
      /run\.json: the run was made by a newer Isthmus \(9\.0\.0\)/,
    ],
    ["damaged settings", { "run.json": "{" }, /run\.json: is not JSON/],
    [
      "a damaged checkpoint",
      { "checkpoint.safetensors": "no" },
      /checkpoint\.safetensors: not a safetensors file, or a damaged one/,
    ],
    [
      "weights of another model",
      {
        "checkpoint.safetensors": writeSafetensors({
          tensors: {},
          metadata: { format: "pt", position: "{}" },
        }),
      },
      /checkpoint\.safetensors/,
    ],
  ])("a run of %s is refused, and nothing is kept", async (_, changes, message) => {
    const files = {
      ...whole,
      ...Object.fromEntries(
        Object.entries(changes).map(([name, content]) => [
          name,
          typeof content === "string" ? text(content) : content,
        ]),
      ),
    };
    const zip = zipSync(
      Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`run/${name}`, bytes])),
    );
    await expect(page.call("take", [{ path: "run.zip", bytes: zip as Bytes }])).rejects.toThrow(message);
    expect((await page.call("runs")).map(({ name }) => name)).toEqual([FIRST]);
  });

  test("a run without its checkpoint, or a damaged zip, is refused", async () => {
    const config = { path: "run.json", bytes: whole["run.json"] as Bytes };
    await expect(page.call("take", [config])).rejects.toThrow(
      /there is no checkpoint\.safetensors among the files/,
    );
    await expect(page.call("take", [{ path: "run.zip", bytes: text("no") }])).rejects.toThrow(
      /is no zip file/,
    );
  });
});
