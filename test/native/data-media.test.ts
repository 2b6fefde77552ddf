/** Text files and folders of WAV files as data sets, and one line for whatever is wrong with them. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import wavefile from "wavefile";
import { loadDataset } from "../../runtime/data/dataset.ts";
import { readWav, writeWav } from "../../runtime/data/wav.ts";
import { runConfig } from "../../runtime/run-config.ts";
import { drawLines, lineAlphabet } from "../../src/data/lines.ts";
import { linesOf } from "../../src/data/text.ts";
import { drawTones } from "../../src/data/tones.ts";
import { counting, temporaryFolder } from "../support/idx.ts";

/** A folder of these files, by path. */
async function folderOf(files: Record<string, Uint8Array | string>): Promise<string> {
  const folder = await temporaryFolder();
  for (const [path, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  }
  return folder;
}

/** A WAV file of these channels in [−1, 1). */
function wav(encoding: string, ...channels: number[][]): Uint8Array {
  const scale = { 8: 2 ** 7, 16: 2 ** 15, 24: 2 ** 23, 32: 2 ** 31 }[encoding] ?? 1;
  const zero = encoding === "8" ? 128 : 0;
  const scaled = channels.map((samples) => samples.map((sample) => zero + scale * sample));
  const file = new wavefile.WaveFile();
  file.fromScratch(channels.length, 8000, encoding, scaled.length === 1 ? scaled[0]! : scaled);
  return file.toBuffer();
}

describe("readWav", () => {
  test.each(["8", "16", "24", "32f"])("reads %s bits, and averages channels", (encoding) => {
    const one = [0, 0.5, -0.5, -1];
    expect([...readWav(wav(encoding, one), "f").samples]).toEqual([128, 192, 64, 0]);
    expect([...readWav(wav(encoding, one, [0, 0, 0.5, -1]), "f").samples]).toEqual([128, 160, 128, 0]);
  });

  test("clamps what is louder than full scale", () => {
    expect([...readWav(wav("32f", [3, -3, 1]), "f").samples]).toEqual([255, 0, 255]);
  });

  test.each([0, 1, 255, 1024])("reads what writeWav wrote: %i samples", (count) => {
    if (count === 0)
      expect(() => readWav(writeWav(new Uint8Array(0), 8000), "f")).toThrow("f: holds no sound");
    else
      expect(readWav(writeWav(counting(count), 11_025), "f")).toEqual({
        samples: counting(count),
        rate: 11_025,
      });
  });

  const sound = writeWav(counting(100), 8000);
  const changed = (at: number, byte: number) => sound.map((was, i) => (i === at ? byte : was));
  test.each<[string, Uint8Array, string]>([
    ["nothing", new Uint8Array(0), "is not a WAV file that can be read"],
    ["text", Buffer.from("these are words, not samples, and many of them"), "is not a WAV file"],
    ["a file that ends in its header", sound.subarray(0, 30), "is not a WAV file that can be read"],
    [
      "a file that is cut short",
      sound.subarray(0, 100),
      "is cut short: its header promises 100 bytes of sound, and 56 follow it",
    ],
    [
      "another header than RIFF",
      changed(0, 0x58),
      "is not a WAV file that can be read: Not a supported format.",
    ],
    ["no channels", changed(22, 0), "has a damaged WAV header: 0 channels at 8000 Hz"],
    ["µ-law", changed(20, 7), "is encoded as format 7 with 8m bits a sample: only 8-, 16- and 24-bit PCM"],
    ["32-bit PCM", wav("32", [0, 0]), "is encoded as format 1 with 32 bits a sample: only 8-"],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => readWav(bytes, "f")).toThrow(
      expect.objectContaining({ name: "IsthmusError", message: expect.stringContaining(`f: ${message}`) }),
    );
  });

  test("survives any damage to the header: a clip, or one line that names the file", () => {
    for (let at = 0; at < 44; at++)
      for (const byte of [0, 1, 7, 128, 255])
        try {
          expect(readWav(changed(at, byte), "f").samples.length).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toMatchObject({
            name: "IsthmusError",
            message: expect.stringMatching(/^f: [^\n]+$/),
          });
        }
  });
});

describe("a folder of WAV files", () => {
  test("is clips of one length, with folders as classes", async () => {
    const files: Record<string, Uint8Array> = {};
    for (let i = 0; i < 10; i++)
      files[`${i % 2 ? "low" : "high"}/${i}.wav`] = wav("16", Array(5 + i).fill(0.5));
    const folder = await folderOf(files);
    const data = await loadDataset({ name: folder });
    expect(data.medium).toEqual({ kind: "sound", rate: 8000 });
    expect(data.image).toEqual({ channels: 1, height: 1, width: 14 });
    expect(data.classes).toEqual(["high", "low"]);
    expect(data.train.images.count).toBe(8);
    for (const { images, labels } of [data.train, data.validation, data.test])
      for (let i = 0; i < images.count; i++) {
        const samples = [...images.slice(i, i + 1).data];
        const length = samples.lastIndexOf(192) + 1;
        expect(samples).toEqual([...Array(length).fill(192), ...Array(14 - length).fill(128)]);
        expect(labels![i]).toBe((length - 5) % 2);
      }
    expect((await loadDataset({ name: folder })).fingerprint).toBe(data.fingerprint);
    expect((await loadDataset({ name: folder, limit: 3 })).train.images.count).toBe(3);
  });

  test("takes 16,384 samples of a clip at most, and the splits that there are", async () => {
    const long = writeWav(counting(20_000), 8000);
    const folder = await folderOf({
      "train/a.wav": long,
      "train/b.wav": long,
      "test/c.WAV": long,
      "cover.txt": "x",
    });
    const data = await loadDataset({ name: folder, validation: 1 });
    expect(data.image.width).toBe(16_384);
    expect(data.test).toMatchObject({ origin: "test folder", labels: null });
    expect(Buffer.compare(data.test.images.data, counting(16_384))).toBe(0);
  });

  test.each<[string, Record<string, Uint8Array>, string]>([
    ["two rates", { "c.wav": writeWav(counting(9), 16_000) }, "000 samples a second, and "],
    ["damage", { "c.wav": writeWav(counting(9), 8000).subarray(0, 50) }, "c.wav: is cut short"],
    ["other formats", { "c.mp3": counting(9) }, "c.mp3: can't be read: convert .mp3 clips to .wav"],
  ])("is refused for %s", async (_, more, message) => {
    const sound = writeWav(counting(9), 8000);
    const folder = await folderOf({ "a.wav": sound, "b.wav": sound, ...more });
    const loading = loadDataset({ name: folder, validation: 1 });
    await expect(loading).rejects.toMatchObject({
      name: "IsthmusError",
      message: expect.stringContaining(message),
    });
  });

  test("takes no settings of images, and needs enough clips", async () => {
    const folder = await folderOf({ "a.wav": writeWav(counting(9), 8000) });
    await expect(loadDataset({ name: folder, resize: [2, 2] })).rejects.toThrow(
      "only folders of images take resize",
    );
    await expect(loadDataset({ name: folder })).rejects.toThrow("1 clips are too few");
  });
});

describe("a file of text", () => {
  test("is lines over the characters that occur, padded to the longest", async () => {
    const lines = ["naïve", "e\u0301te\u0301 ", "", "   ", "a b"];
    const folder = await folderOf({ "l.txt": `\uFEFF${lines.join("\r\n")}\n` });
    const data = await loadDataset({ name: join(folder, "l.txt"), validation: 1 });
    const alphabet = " abentvéï";
    expect(data.medium).toEqual({ kind: "text", alphabet });
    expect(data.image).toEqual({ channels: 9, height: 1, width: 5 });
    const read = [data.train, data.validation, data.test].flatMap(({ images }) => linesOf(images, alphabet));
    expect(read.sort()).toEqual(["a b  ", "naïve", "été  "]);
    expect(data.train.origin).toBe("lines[0:1] of 3 in the order of seed 0");
    const origins = await loadDataset({ name: join(folder, "l.txt"), validation: 1, seed: 4 });
    expect(origins.train.origin).toBe("lines[0:1] of 3 in the order of seed 4");
  });

  test.each<[string, Uint8Array | string, string]>([
    ["nothing", "", "holds no lines of text"],
    ["blank lines", " \n\n\t\n", "holds no lines of text"],
    ["one line", "one\n", "1 lines are too few: 1 validation and 1 test lines leave none to train on"],
    ["a long line", `short\n${"x".repeat(65)}`, "line 2 has 65 characters, and at most 64 are taken"],
    [
      "too many characters",
      Array.from({ length: 200 }, (_, i) => String.fromCodePoint(0x4e00 + i)).join("\n"),
      "has 201 kinds of characters, and at most 128 are taken",
    ],
    ["other bytes", Uint8Array.of(0xff, 0xfe, 0x41, 0), "is not UTF-8 text"],
  ])("is refused for %s", async (_, content, message) => {
    const path = join(await folderOf({ "l.txt": content }), "l.txt");
    await expect(loadDataset({ name: path })).rejects.toMatchObject({
      name: "IsthmusError",
      message: expect.stringContaining(`${path}: ${message}`),
    });
  });

  test("that is missing is said to be missing", async () => {
    await expect(loadDataset({ name: "no/such.txt" })).rejects.toThrow('data: there is no "no/such.txt"');
  });
});

describe("what is drawn", () => {
  test("lines: 1,000 for test first, then 2,000 for validation", async () => {
    const data = await loadDataset({ name: "lines", limit: 100 });
    expect(data.medium).toEqual({ kind: "text", alphabet: lineAlphabet });
    expect(data.source).toEqual({ name: "lines", limit: 100 });
    expect(data.train.origin).toBe("lines[3000:3100] of seed 1");
    expect(data.validation.images.count).toBe(2000);
    expect(linesOf(data.test.images, lineAlphabet)).toEqual(drawLines(1000, 1));
  });

  test("tones: 1,000 for test first, then 1,000 for validation", async () => {
    const data = await loadDataset({ name: "tones", limit: 100 });
    expect(data.medium).toEqual({ kind: "sound", rate: 8000 });
    expect(data.train.origin).toBe("tones[2000:2100] of seed 1");
    expect(data.validation.images.count).toBe(1000);
    expect(data.test.images.count).toBe(1000);
    expect(data.test.images.slice(0, 5).data).toEqual(drawTones(5, 1).images.data);
  });
});

test("a run.json from before there was a choice is of images", () => {
  const split = { count: 1, origin: "" };
  const data = {
    source: null,
    name: "digits",
    image: { channels: 1, height: 28, width: 28 },
    classes: null,
    fingerprint: "",
    splits: { train: split, validation: split, test: split },
  };
  const { data: described } = runConfig.shape;
  expect(described.parse(data).medium).toEqual({ kind: "image" });
  const sound = { ...data, medium: { kind: "sound", rate: 8000 } };
  expect(described.parse(sound)).toEqual(sound);
  expect(described.safeParse({ ...data, medium: { kind: "text" } }).success).toBe(false);
});
