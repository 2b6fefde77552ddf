import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { loadDataset } from "../../runtime/data/dataset.ts";
import { loadMnist } from "../../runtime/data/mnist.ts";
import type { DataSpec } from "../../runtime/data/spec.ts";
import { counting, idxBytes, temporaryFolder } from "../support/idx.ts";

const given = process.env.ISTHMUS_TEST_DATA;
if (given === undefined) console.info("skipped: MNIST and CIFAR-10 (set ISTHMUS_TEST_DATA to their folder)");

afterEach(() => vi.unstubAllEnvs());

describe("loadDataset", () => {
  test("draws the same digits for validation and test however many it trains on", async () => {
    const data = await loadDataset({ name: "digits", limit: 30 });
    expect(data.name).toBe("digits");
    expect(data.image).toEqual({ channels: 1, height: 28, width: 28 });
    expect(data.classes).toEqual(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    const splits = [data.train, data.validation, data.test];
    expect(splits.map(({ images, labels }) => [images.count, labels?.length])).toEqual([
      [30, 30],
      [2_000, 2_000],
      [2_000, 2_000],
    ]);
    expect(splits.map(({ origin }) => origin)).toEqual([
      "digits[4000:4030] of seed 1",
      "digits[2000:4000] of seed 1",
      "digits[0:2000] of seed 1",
    ]);
    const fewer = await loadDataset({ name: "digits", limit: 10 });
    const isSame = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;
    expect(isSame(fewer.train.images.data, data.train.images.slice(0, 10).data)).toBe(true);
    expect(isSame(fewer.validation.images.data, data.validation.images.data)).toBe(true);
    expect(isSame(fewer.test.images.data, data.test.images.data)).toBe(true);
  });

  test("tells a folder of IDX files from one of images", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "train-images-idx3-ubyte"), idxBytes([10, 2, 2], counting(40)));
    const data = await loadDataset({ name: folder, validation: 0.2, limit: 5 });
    expect(data.train.origin).toBe("train-images-idx3-ubyte[0:5]");
    expect(data.validation.origin).toBe("train-images-idx3-ubyte[7:9]");
    await expect(loadDataset({ name: folder, resize: [4, 4] })).rejects.toThrow(
      `${folder}: only folders of images take resize`,
    );
  });

  test("takes mnist from the folder in ISTHMUS_MNIST", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "train-images-idx3-ubyte"), idxBytes([10, 2, 2], counting(40)));
    vi.stubEnv("ISTHMUS_MNIST", folder);
    expect(await loadDataset({ name: "mnist" })).toMatchObject({ name: "mnist", image: { height: 2 } });
    vi.stubEnv("ISTHMUS_MNIST", join(folder, "absent"));
    await expect(loadDataset({ name: "mnist" })).rejects.toThrow(`${join(folder, "absent")}: does not exist`);
  });

  test.each<[DataSpec, string]>([
    [{ name: "mnits" }, 'data: there is no "mnits": did you mean "mnist"?'],
    [
      { name: "no/such/folder" },
      'data: there is no "no/such/folder": neither one of digits, mnist, lines, tones nor a folder or .txt file',
    ],
    [{ name: "package.json" }, "package.json: is not a folder"],
    [
      { name: "test/pure" },
      "test/pure: holds no images (.png, .jpg, .bmp, .gif, .tiff), no sounds (.wav) and no IDX files",
    ],
    [{ name: "digits", channels: 3 }, "digits: only folders of images take channels"],
    [{ name: "" }, 'data: name must not be empty, is ""'],
    [{ name: "digits", limit: 0 }, "data: limit must be at least 1, is 0"],
  ])("refuses %j", async (spec, message) => {
    await expect(loadDataset(spec)).rejects.toMatchObject({ name: "IsthmusError", message });
  });

  test("refuses a share for validation that is no part and no number", async () => {
    for (const validation of [0, -1, 1.5]) {
      await expect(loadDataset({ name: "digits", validation })).rejects.toThrow(/^data: validation must be /);
    }
  });
});

describe.skipIf(given === undefined)("with the data in ISTHMUS_TEST_DATA", () => {
  const mnist = join(given ?? "", "mnist");

  test("MNIST is divided in 58,000, 2,000 and 10,000 digits", async () => {
    const data = await loadDataset({ name: mnist });
    expect(data.image).toEqual({ channels: 1, height: 28, width: 28 });
    const splits = [data.train, data.validation, data.test];
    expect(splits.map(({ images }) => images.count)).toEqual([58_000, 2_000, 10_000]);
    expect([...data.train.labels!.subarray(0, 8)]).toEqual([5, 0, 4, 1, 9, 2, 1, 3]);
    expect([...data.test.labels!.subarray(0, 8)]).toEqual([7, 2, 1, 0, 4, 1, 4, 9]);
    expect(data.train.images.data.buffer).toBe(data.validation.images.data.buffer);
    const loaded = await loadMnist({ folder: mnist });
    expect(loaded.name).toBe("mnist");
    expect(loaded.fingerprint).toBe(data.fingerprint);
  });

  test("MNIST is downloaded into the cache once, and damaged files again", async () => {
    vi.stubEnv("ISTHMUS_MNIST", "");
    const asked: string[] = [];
    const server = createServer(async (request, response) => {
      asked.push(request.url!);
      response.end(await readFile(join(mnist, request.url!)));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const mirrors = [`http://127.0.0.1:${(server.address() as AddressInfo).port}/`];
    const cache = await temporaryFolder();
    const first = await loadMnist({ cache, mirrors });
    expect(asked.length).toBe(4);
    const labels = join(cache, "t10k-labels-idx1-ubyte");
    await writeFile(labels, (await readFile(labels)).subarray(0, 100));
    vi.stubEnv("ISTHMUS_CACHE", cache);
    const second = await loadMnist({ mirrors });
    expect(asked.slice(4)).toEqual(["/t10k-labels-idx1-ubyte.gz"]);
    expect(second.fingerprint).toBe(first.fingerprint);
  });

  test("CIFAR-10 is a folder of images in classes, with a test folder", async () => {
    const data = await loadDataset({ name: join(given!, "cifar10") });
    expect(data.image).toEqual({ channels: 3, height: 32, width: 32 });
    expect(data.classes).toEqual([
      "airplane",
      "automobile",
      "bird",
      "cat",
      "deer",
      "dog",
      "frog",
      "horse",
      "ship",
      "truck",
    ]);
    const splits = [data.train, data.validation, data.test];
    expect(splits.map(({ images }) => images.count)).toEqual([1_800, 200, 500]);
    const perClass = new Array(10).fill(0);
    for (const { labels } of splits) for (const label of labels!) perClass[label]++;
    expect(perClass).toEqual(new Array(10).fill(250));
  });

  test("a folder of one class of them is divided on its own", async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, "cats"));
    for (let i = 0; i < 10; i++) {
      const name = `${String(i).padStart(4, "0")}.jpg`;
      await copyFile(join(given!, "cifar10", "train", "cat", name), join(folder, "cats", name));
    }
    const data = await loadDataset({ name: folder, resize: [16, 16], channels: 1, seed: 3 });
    expect(data.image).toEqual({ channels: 1, height: 16, width: 16 });
    expect(data.classes).toEqual(["cats"]);
    expect(data.train.images.count).toBe(8);
  });
});
