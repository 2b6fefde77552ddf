import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Jimp, type JimpMime } from "jimp";
import { describe, expect, test } from "vitest";
import { decodeImage } from "../../runtime/data/decode.ts";
import { dimensionsOf } from "../../runtime/data/dimensions.ts";
import { loadImageFolder } from "../../runtime/data/image-folder.ts";
import { Random } from "../../src/data/random.ts";
import { temporaryFolder } from "../support/idx.ts";
import { lyingPng } from "../support/pictures.ts";

type Mime = (typeof JimpMime)[keyof typeof JimpMime];
const mimes = ["image/png", "image/jpeg", "image/bmp", "image/gif", "image/tiff"] as const;

/** An image file whose pixel (x, y) is the RGBA that `paint` says. */
async function encoded(
  width: number,
  height: number,
  paint: (x: number, y: number) => readonly [number, number, number, number],
  mime: Mime = "image/png",
): Promise<Uint8Array> {
  const image = new Jimp({ width, height });
  for (let i = 0; i < width * height; i++) {
    image.bitmap.data.set(paint(i % width, Math.floor(i / width)), 4 * i);
  }
  return image.getBuffer(mime);
}

const gray = (level: number, size = 2, mime?: Mime) =>
  encoded(size, size, () => [level, level, level, 255], mime);
const red = (size = 2) => encoded(size, size, () => [255, 0, 0, 255]);

/** A folder of these files, by path. */
async function folderOf(files: Record<string, Uint8Array | string>): Promise<string> {
  const folder = await temporaryFolder();
  for (const [path, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  }
  return folder;
}

describe("decodeImage", () => {
  test.each(mimes)("reads %s: size from the header, gray as one plane", async (mime) => {
    const bytes = await encoded(6, 4, (x) => [x < 3 ? 0 : 255, x < 3 ? 0 : 255, x < 3 ? 0 : 255, 255], mime);
    expect(dimensionsOf(bytes)).toEqual({ width: 6, height: 4 });
    const { width, height, channels, data } = await decodeImage(bytes, "f", {});
    expect([width, height, channels, data.length]).toEqual([6, 4, 1, 24]);
    expect(data.map((byte) => (byte > 127 ? 1 : 0))).toEqual(
      Uint8Array.from({ length: 24 }, (_, i) => (i % 6 < 3 ? 0 : 1)),
    );
  });

  test("keeps colours as planes, red first", async () => {
    const bytes = await encoded(2, 1, (x) => (x === 0 ? [255, 10, 20, 255] : [1, 2, 3, 255]));
    expect(await decodeImage(bytes, "f", {})).toEqual({
      width: 2,
      height: 1,
      channels: 3,
      data: Uint8Array.of(255, 1, 10, 2, 20, 3),
    });
  });

  test("turns colour to gray by luma where one channel is wanted", async () => {
    const bytes = await encoded(2, 1, (x) => (x === 0 ? [255, 0, 0, 255] : [0, 255, 0, 255]));
    const { channels, data } = await decodeImage(bytes, "f", { channels: 1 });
    expect([channels, ...data]).toEqual([1, 76, 150]);
  });

  test("lays what is transparent on white", async () => {
    const bytes = await encoded(3, 1, (x) => [0, 0, 0, [0, 51, 255][x]!]);
    expect((await decodeImage(bytes, "f", {})).data).toEqual(Uint8Array.of(255, 204, 0));
  });

  test("resizes by averaging, and cuts the longer side alike on both ends", async () => {
    const checks = await encoded(4, 4, (x, y) => ((x + y) % 2 ? [200, 200, 200, 255] : [100, 100, 100, 255]));
    const smaller = await decodeImage(checks, "f", { size: { width: 2, height: 2 } });
    expect(smaller.data).toEqual(new Uint8Array(4).fill(150));
    const wide = await encoded(6, 2, (x) => (x < 2 || x > 3 ? [0, 0, 0, 255] : [90, 90, 90, 255]));
    const square = await decodeImage(wide, "f", { size: { width: 2, height: 2 } });
    expect(square.data).toEqual(new Uint8Array(4).fill(90));
    const larger = await decodeImage(wide, "f", { size: { width: 8, height: 8 } });
    expect(larger.data).toEqual(new Uint8Array(64).fill(90));
  });

  test.each(mimes)("refuses %s cut short anywhere", async (mime) => {
    const bytes = await encoded(40, 30, (x, y) => [(x * 37) % 256, (y * 11) % 256, x * y, 255], mime);
    for (const share of [0.99, 0.9, 0.5, 0.1, 0.02]) {
      const part = bytes.subarray(0, Math.floor(share * bytes.length));
      await expect(decodeImage(part, "f", {})).rejects.toMatchObject({
        name: "IsthmusError",
        message: expect.stringMatching(/^f: .*cut short.*$/),
      });
    }
  });

  test("survives damage anywhere: an image, or one line that names the file", async () => {
    const random = new Random(1, "damage");
    for (const mime of mimes) {
      const bytes = await encoded(24, 16, (x, y) => [(x * 37) % 256, (y * 11) % 256, x * y, 255], mime);
      for (let i = 0; i < 60; i++) {
        const damaged = new Uint8Array(bytes);
        for (let j = 0; j < 3; j++) damaged[random.integer(i % 2 ? 60 : bytes.length)] = random.integer(256);
        const result = await decodeImage(damaged, "f", {}).catch((error: unknown) => error);
        if (result instanceof Error) expect(result.message).toMatch(/^f: .+$/);
        else expect(result).toHaveProperty("channels");
      }
    }
  });

  test("refuses a GIF whose codes lead in a circle", async () => {
    const bytes = await encoded(24, 16, (x, y) => [x * 10, y * 15, 0, 255], "image/gif");
    const start = bytes.length - 40;
    await expect(decodeImage(bytes.fill(0xfe, start, start + 20), "f", {})).rejects.toThrow(
      "f: is no image that can be read, or is damaged or cut short",
    );
  });

  test("refuses an image of too many pixels before it is decoded", async () => {
    const bytes = new Uint8Array(await red());
    new DataView(bytes.buffer).setUint32(16, 100_000);
    new DataView(bytes.buffer).setUint32(20, 100_000);
    await expect(decodeImage(bytes, "f", {})).rejects.toThrow(
      "f: is too large: 100000×100000 pixels, and at most 67108864 are read",
    );
  });

  test("refuses an interlaced PNG that holds more than its size", async () => {
    await expect(decodeImage(lyingPng(28, 28, new Uint8Array(2 ** 26), true), "f", {})).rejects.toThrow(
      "f: is damaged: it holds more pixels than its size",
    );
    // Its decoder goes by the last header, all else by the first.
    const [small, large] = [
      lyingPng(28, 28, new Uint8Array(9)),
      lyingPng(9000, 9000, new Uint8Array(9), true),
    ];
    const twice = Buffer.concat([small.subarray(0, 33), large.subarray(8)]);
    await expect(decodeImage(twice, "f", {})).rejects.toThrow("f: is damaged: it has more than one header");
  });
});

describe("loadImageFolder", () => {
  test("takes one folder a class as labels, in an order drawn with the seed", async () => {
    const files: Record<string, Uint8Array> = {};
    for (let i = 0; i < 10; i++) {
      files[`b/${i}.png`] = await gray(100 + i);
      files[`a/deep/${i}.PNG`] = await gray(i);
    }
    const folder = await folderOf({
      ...files,
      "a/README.md": "no image",
      ".hidden.png": "",
      "b/.DS_Store": "",
    });
    const progress: [number, number][] = [];
    const data = await loadImageFolder(folder, { onProgress: (done, total) => progress.push([done, total]) });

    expect(data.name).toBe(folder);
    expect(data.image).toEqual({ channels: 1, height: 2, width: 2 });
    expect(data.classes).toEqual(["a", "b"]);
    const splits = [data.train, data.validation, data.test];
    expect(splits.map(({ images }) => images.count)).toEqual([16, 2, 2]);
    expect(splits.map(({ origin }) => origin)).toEqual([
      "images[0:16] of 20 in the order of seed 0",
      "images[16:18] of 20 in the order of seed 0",
      "images[18:20] of 20 in the order of seed 0",
    ]);
    const levels = splits.flatMap(({ images }) =>
      Array.from({ length: images.count }, (_, i) => images.data[4 * i]!),
    );
    const labels = splits.flatMap((split) => [...split.labels!]);
    expect(labels).toEqual(levels.map((level) => (level < 100 ? 0 : 1)));
    const sorted = Array.from({ length: 20 }, (_, i) => (i < 10 ? i : 90 + i));
    expect([...levels].sort((x, y) => x - y)).toEqual(sorted);
    expect(levels).not.toEqual(sorted);
    expect(progress).toEqual(Array.from({ length: 20 }, (_, i) => [i + 1, 20]));

    expect((await loadImageFolder(folder)).fingerprint).toBe(data.fingerprint);
    expect((await loadImageFolder(folder, { seed: 1 })).fingerprint).not.toBe(data.fingerprint);
    const few = await loadImageFolder(folder, { limit: 3, validation: 5 });
    expect([few.train.images.count, few.validation.images.count]).toEqual([3, 5]);
    expect(few.train.images.data).toEqual(data.train.images.data.subarray(0, 12));
  });

  test("takes train, val and test folders as the splits", async () => {
    const folder = await folderOf({
      "train/a/1.png": await gray(1),
      "train/b/2.png": await gray(2),
      "val/b/3.png": await gray(3),
      "test/4.png": await gray(4),
    });
    const data = await loadImageFolder(folder);
    expect([...data.train.images.data].sort()).toEqual([1, 1, 1, 1, 2, 2, 2, 2]);
    expect(data.classes).toEqual(["a", "b"]);
    expect(data.validation).toMatchObject({ labels: Uint8Array.of(1), origin: "validation folder" });
    expect(data.validation.images.data).toEqual(new Uint8Array(4).fill(3));
    expect(data.test).toMatchObject({ labels: null, origin: "test folder" });
    expect(data.test.images.data).toEqual(new Uint8Array(4).fill(4));
  });

  test("takes a folder named train among other classes as a class", async () => {
    const files: Record<string, Uint8Array> = {};
    for (const name of ["car/1", "plane/1", "train/1"]) files[`${name}.png`] = await gray(9);
    expect((await loadImageFolder(await folderOf(files))).classes).toEqual(["car", "plane", "train"]);
  });

  test("has no labels where images lie beside the folders, and follows links but not in circles", async () => {
    const folder = await folderOf({
      "1.png": await gray(1),
      "a/2.png": await gray(2),
      "b/3.png": await gray(3),
    });
    await symlink(folder, join(folder, "a", "again"));
    await symlink(join(folder, "1.png"), join(folder, "b", "4.png"));
    const data = await loadImageFolder(folder);
    expect(data.classes).toBeNull();
    const all = [data.train, data.validation, data.test].flatMap(({ images }) => [...images.data]);
    expect(all.filter((_, i) => i % 4 === 0).sort()).toEqual([1, 1, 2, 3]);
  });

  test("has three channels where one image has colour, and as many as are asked for", async () => {
    const folder = await folderOf({
      "train/1.png": await gray(7),
      "train/2.png": await gray(8),
      "test/3.png": await red(),
    });
    const coloured = await loadImageFolder(folder);
    expect(coloured.image.channels).toBe(3);
    const level = coloured.train.images.data[0]!;
    expect(coloured.train.images.data).toEqual(new Uint8Array(12).fill(level));
    expect(coloured.test.images.data).toEqual(Uint8Array.of(255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0));
    const grayed = await loadImageFolder(folder, { channels: 1 });
    expect(grayed.test.images.data).toEqual(new Uint8Array(4).fill(76));
  });

  test("brings all images to one size where one is given", async () => {
    const folder = await folderOf({
      "1.png": await gray(5, 3),
      "2.png": await gray(5, 8),
      "3.jpg": await gray(5, 4, "image/jpeg"),
    });
    const data = await loadImageFolder(folder, { size: { width: 4, height: 2 } });
    expect(data.image).toEqual({ channels: 1, height: 2, width: 4 });
    expect(data.train.images.data).toEqual(new Uint8Array(8).fill(5));
  });

  const three = async () => ({ "1.png": await gray(1), "2.png": await gray(2), "3.png": await gray(3) });
  test.each<[string, () => Promise<Record<string, Uint8Array | string>>, string]>([
    ["an empty file", async () => ({ ...(await three()), "4.png": "" }), "/4.png: is an empty file"],
    [
      "text for an image",
      async () => ({ ...(await three()), "4.png": "not an image" }),
      "/4.png: is no image that can be read, or is damaged or cut short",
    ],
    [
      "a format that can't be read",
      async () => ({ ...(await three()), "4.webp": "RIFF" }),
      "/4.webp: can't be read: convert .webp images to .png or .jpg",
    ],
    [
      "no images",
      async () => ({ "notes.txt": "nothing" }),
      ": holds no images (.png, .jpg, .bmp, .gif, .tiff), no sounds (.wav) and no IDX files",
    ],
    [
      "two images",
      async () => ({ "1.png": await gray(1), "2.png": await gray(2) }),
      ": 2 images are too few: 1 validation and 1 test images leave none to train on",
    ],
  ])("refuses %s", async (_, files, message) => {
    const folder = await folderOf(await files());
    await expect(loadImageFolder(folder)).rejects.toMatchObject({
      name: "IsthmusError",
      message: `${folder}${message}`,
    });
  });

  test("refuses images of two sizes, and says how to resize them", async () => {
    const folder = await folderOf({
      "train/1.png": await gray(1),
      "train/2.png": await gray(2),
      "test/3.png": await gray(1, 5),
    });
    await expect(loadImageFolder(folder)).rejects.toThrow(
      /^\S+\/test\/3\.png: is 5×5 pixels, and \S+\/train\/[12]\.png is 2×2: --resize WxH brings all images to one size$/,
    );
  });

  test("stops when it is aborted", async () => {
    const folder = await folderOf(await three());
    const abort = new AbortController();
    const loading = loadImageFolder(folder, { signal: abort.signal, onProgress: () => abort.abort() });
    await expect(loading).rejects.toThrow(expect.objectContaining({ name: "AbortError" }));
  });
});
