/** What can stand in the way of a training in a page: each is said in one line, and nothing is lost. */
import { zipSync } from "fflate";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { writeSafetensors } from "../../runtime/safetensors.ts";
import { drawDigits } from "../../src/data/digits/digits.ts";
import { findChromium } from "../support/chromium.ts";
import { idxBytes } from "../support/idx.ts";
import { choice, FIRST, filesOf, openTab, type TrainingPage, tidy } from "../support/tab.ts";

type Bytes = Uint8Array<ArrayBuffer>;

describe.skipIf(findChromium().missing !== undefined)("a training in a page", () => {
  let whole: Readonly<Record<string, Uint8Array>>;
  let page: TrainingPage;
  beforeAll(async () => {
    page = await openTab();
    await page.call("begin", choice);
    whole = await filesOf(page, FIRST);
  });
  afterAll(() => page?.close());
  afterEach(() => tidy(page));

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
    const files = await filesOf(page, name);
    expect(Buffer.compare(files["checkpoint.safetensors"]!, whole["checkpoint.safetensors"]!)).toBe(0);
    await page.call("start");
    expect((await page.call("runs")).map((run) => run.name)).toEqual([FIRST]);
  }, 120_000);

  test("goes on in memory where the browser keeps nothing, and says so", async () => {
    await page.call("start", "unkept");
    const { ending, warnings, error } = await page.call("begin", choice);
    expect(error).toBeUndefined();
    expect(ending).toMatchObject({ kind: "done" });
    expect(warnings).toEqual([
      expect.stringMatching(/the browser keeps no files for this page\. The training goes on in memory/),
    ]);
    const files = await filesOf(page, FIRST);
    expect(Buffer.compare(files["checkpoint.safetensors"]!, whole["checkpoint.safetensors"]!)).toBe(0);
    await page.call("start");
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
