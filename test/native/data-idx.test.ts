import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { gunzip } from "../../runtime/data/gunzip.ts";
import { loadIdxFolder } from "../../runtime/data/idx-folder.ts";
import { counting, idxBytes, temporaryFolder } from "../support/idx.ts";

/** A folder of these files. */
async function folderOf(files: Record<string, Uint8Array>): Promise<string> {
  const folder = await temporaryFolder();
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes);
  return folder;
}

const trainImages = idxBytes([20, 2, 3], counting(120));
const trainLabels = idxBytes(
  [20],
  counting(20).map((i) => i % 4),
);
const testImages = idxBytes([5, 2, 3], counting(30));
const testLabels = idxBytes([5], [0, 1, 2, 3, 5]);

describe("loadIdxFolder", () => {
  test("reads plain and gzipped files in either spelling", async () => {
    const folder = await folderOf({
      "train-images-idx3-ubyte": trainImages,
      "train-labels.idx1-ubyte": trainLabels,
      "t10k-images-idx3-ubyte.gz": gzipSync(testImages),
      "t10k-labels.idx1-ubyte.gz": gzipSync(testLabels),
    });
    const data = await loadIdxFolder(folder);
    expect(data.name).toBe(folder);
    expect(data.image).toEqual({ channels: 1, height: 2, width: 3 });
    expect(data.classes).toEqual(["0", "1", "2", "3", "4", "5"]);
    expect(data.train.origin).toBe("train-images-idx3-ubyte[0:18]");
    expect(data.train.images.data).toEqual(counting(108));
    expect(data.train.labels).toEqual(counting(18).map((i) => i % 4));
    expect(data.validation.origin).toBe("train-images-idx3-ubyte[18:20]");
    expect(data.validation.images.data).toEqual(counting(120).subarray(108));
    expect(data.validation.labels).toEqual(Uint8Array.of(2, 3));
    expect(data.test.origin).toBe("t10k-images-idx3-ubyte.gz[0:5]");
    expect(data.test.images.count).toBe(5);
    expect(data.test.labels).toEqual(Uint8Array.of(0, 1, 2, 3, 5));
  });

  test("takes the test split from the training file where there is no other, and does without labels", async () => {
    const data = await loadIdxFolder(await folderOf({ "train-images-idx3-ubyte": trainImages }), {
      validation: 5,
      limit: 4,
    });
    expect(data.train.origin).toBe("train-images-idx3-ubyte[0:4]");
    expect(data.validation.origin).toBe("train-images-idx3-ubyte[13:18]");
    expect(data.test.origin).toBe("train-images-idx3-ubyte[18:20]");
    expect(data.classes).toBeNull();
    expect(data.train.labels).toBeNull();
  });

  test("reads images of several channels", async () => {
    const folder = await folderOf({ "train-images-idx4-ubyte": idxBytes([10, 3, 2, 2], counting(120)) });
    expect((await loadIdxFolder(folder)).image).toEqual({ channels: 3, height: 2, width: 2 });
  });

  test("has one fingerprint for the same images and labels, another for others", async () => {
    const fingerprint = async (images: Uint8Array, labels: Uint8Array, validation = 2) => {
      const files = { "train-images-idx3-ubyte": images, "train-labels-idx1-ubyte": labels };
      return (await loadIdxFolder(await folderOf(files), { validation })).fingerprint;
    };
    const first = await fingerprint(trainImages, trainLabels);
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    expect(await fingerprint(gzipSync(trainImages), trainLabels)).toBe(first);
    expect(await fingerprint(trainImages.with(50, 0), trainLabels)).not.toBe(first);
    expect(await fingerprint(trainImages, trainLabels.with(21, 0))).not.toBe(first);
    expect(await fingerprint(trainImages, trainLabels, 3)).not.toBe(first);
  });

  const gzipped = gzipSync(trainImages);
  const images = "train-images-idx3-ubyte";
  const labels = "train-labels-idx1-ubyte";
  test.each<[string, Record<string, Uint8Array>, string]>([
    [
      "no training images",
      { [labels]: trainLabels },
      ": holds no train-images-idx3-ubyte file, plain or .gz",
    ],
    ["an empty file", { [images]: new Uint8Array(0) }, `/${images}: is not an IDX file: it has only 0 bytes`],
    [
      "a truncated file",
      { [images]: trainImages.subarray(0, 100) },
      `/${images}: is cut short: its IDX header [20,2,3] promises 120 bytes, and 84 follow it`,
    ],
    [
      "a truncated gzip file",
      { [`${images}.gz`]: gzipped.subarray(0, -9) },
      `/${images}.gz: is a damaged gzip file (unexpected end of file)`,
    ],
    [
      "a gzip file with a flipped bit",
      { [`${images}.gz`]: gzipped.with(-6, gzipped.at(-6)! ^ 1) },
      `/${images}.gz: is a damaged gzip file (incorrect data check)`,
    ],
    ["a .gz file that is none", { [`${images}.gz`]: trainImages }, `/${images}.gz: is not a gzip file`],
    ["labels in place of images", { [images]: trainLabels }, `/${images}: holds no images but an array [20]`],
    [
      "images in place of labels",
      { [images]: trainImages, [labels]: trainImages },
      `/${labels}: holds no labels but an array [20,2,3]`,
    ],
    [
      "too few labels",
      { [images]: trainImages, [labels]: testLabels },
      `/${labels}: holds 5 labels for 20 images`,
    ],
    ["no images at all", { [images]: idxBytes([0, 2, 3], []) }, `/${images}: is empty: [0,2,3]`],
    [
      "test images of another size",
      { [images]: trainImages, "t10k-images-idx3-ubyte": idxBytes([5, 3, 2], counting(30)) },
      "/t10k-images-idx3-ubyte: holds images 1×3×2, and train-images-idx3-ubyte holds 1×2×3",
    ],
    [
      "too few images to divide",
      { [images]: idxBytes([2, 2, 3], counting(12)) },
      `/${images}: 2 images are too few: 1 validation and 1 test images leave none to train on`,
    ],
  ])("refuses %s", async (_, files, message) => {
    const folder = await folderOf(files);
    await expect(loadIdxFolder(folder)).rejects.toMatchObject({
      name: "IsthmusError",
      message: `${folder}${message}`,
    });
  });

  test("refuses a folder that does not exist", async () => {
    const folder = join(await temporaryFolder(), "absent");
    await expect(loadIdxFolder(folder)).rejects.toThrow(`${folder}: does not exist`);
  });
});

test("gunzip stops where the unpacked bytes pass the limit", async () => {
  const bomb = gzipSync(new Uint8Array(10_000_000));
  await expect(gunzip(bomb, "bomb.gz", 1_000_000)).rejects.toThrow(
    "bomb.gz: unpacks to more than 1000000 bytes",
  );
  expect((await gunzip(bomb, "bomb.gz", 10_000_000)).length).toBe(10_000_000);
});
