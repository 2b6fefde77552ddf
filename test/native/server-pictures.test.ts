/** Pictures and forms that are refused: damaged ones, others than they say, and those made to take all memory. */
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { Pictures } from "../../runtime/server/autoencoder/pictures.ts";
import { Images } from "../../src/data/images.ts";
import {
  form,
  formOf,
  nested,
  picture,
  pictureOf,
  refused,
  served,
  trainedRun,
} from "../support/autoencoders.ts";
import { lyingPng } from "../support/pictures.ts";
import { sharedFolder } from "../support/tiny.ts";
import { digits } from "../support/training.ts";

vi.setConfig({ testTimeout: 120_000 });

const folder = sharedFolder();
const { images } = digits.test;
const one = nested(images.slice(0, 1).toTensor());
let url = "";
let close: () => Promise<void>;
let png: Buffer;
let jpeg: Buffer;

beforeAll(async () => {
  const runs = [await trainedRun(folder, "vae", 1), await trainedRun(folder, "text", 1)];
  ({ url, close } = await served(runs, { maxImages: 4, maxPixels: 10_000, bodyLimit: 2 ** 20 }));
  [png, jpeg] = [await pictureOf(images, 0), await pictureOf(images, 0, "image/jpeg")];
});
afterAll(() => close());

test.each<[string, () => Uint8Array, number, RegExp]>([
  ["nothing", () => new Uint8Array(), 400, /^the image: is empty$/],
  ["a text", () => Buffer.from("hello"), 415, /^the image: is neither a PNG nor a JPEG$/],
  ["a GIF", () => Buffer.from("GIF89a\x01\0\x01\0\0\0\0;"), 415, /neither a PNG nor a JPEG/],
  ["half a PNG", () => png.subarray(0, png.length / 2), 400, /^the image: is damaged or cut short/],
  ["the first bytes of a PNG", () => png.subarray(0, 12), 400, /^the image: is damaged or cut short$/],
  ["half a JPEG", () => jpeg.subarray(0, jpeg.length / 2), 400, /^the image: is damaged or cut short/],
  [
    "a PNG of 20,000 × 20,000",
    () => lyingPng(20_000, 20_000, new Uint8Array(9)),
    413,
    /20000×20000 pixels, and at most 10000/,
  ],
  ["a PNG of 0 × 5", () => lyingPng(0, 5, new Uint8Array(9)), 400, /is 0×5 pixels/],
  ["a bomb", () => lyingPng(28, 28, new Uint8Array(2 ** 26)), 400, /^the image: is damaged or cut short/],
  [
    "an interlaced bomb",
    () => lyingPng(28, 28, new Uint8Array(2 ** 26), true),
    400,
    /holds more pixels than its size/,
  ],
])("%s is refused", async (_, bytes, status, message) => {
  const [code, error] = await refused(`${url}/runs/vae/encode`, picture(bytes(), "image/png"));
  expect([code, error]).toEqual([status, expect.stringMatching(message)]);
});

test("which of several is wrong is said", async () => {
  const files = [png, jpeg, png.subarray(0, 60)];
  expect(await refused(`${url}/runs/vae/encode`, form(formOf(files)))).toEqual([
    400,
    expect.stringMatching(/^image 3: is damaged/),
  ]);
});

test("more than are taken, no pictures, other fields and damaged forms are refused", async () => {
  const [status, error] = await refused(`${url}/runs/vae/encode`, form(formOf([png, png, png, png, png])));
  expect([status, error]).toEqual([413, expect.stringContaining("more than 4 files")]);
  expect(await refused(`${url}/runs/vae/encode`, form(formOf([])))).toEqual([
    400,
    expect.stringMatching(/damaged|no image/),
  ]);
  expect(await refused(`${url}/runs/vae/encode`, form(formOf([], [["label", "1"]])))).toEqual([
    400,
    "the body holds no image",
  ]);
  expect(await refused(`${url}/runs/vae/encode`, form(formOf([png], [["size", "1"]])))).toEqual([
    400,
    'the form has a field "size": label and files were expected',
  ]);
  const whole = new Request(url, { method: "POST", body: formOf([png]) });
  const type = whole.headers.get("content-type")!;
  const bytes = new Uint8Array(await whole.arrayBuffer());
  for (const length of [bytes.length - 40, 150, 10, 0])
    expect(await refused(`${url}/runs/vae/encode`, picture(bytes.slice(0, length), type))).toEqual([
      400,
      "the form is damaged or cut short",
    ]);
  expect(await refused(`${url}/runs/vae/encode`, picture(bytes, "multipart/form-data"))).toEqual([
    400,
    "the form: its content type names no boundary",
  ]);
});

test("other types, compressed and large bodies are refused", async () => {
  for (const type of ["image/webp", "text/plain", "application/x-www-form-urlencoded"])
    expect(await refused(`${url}/runs/vae/encode`, picture(png, type))).toEqual([
      415,
      expect.stringContaining("image/png, image/jpeg"),
    ]);
  const zipped = picture(gzipSync(JSON.stringify({ pixels: one })), "application/json");
  expect(
    await refused(`${url}/runs/vae/encode`, {
      ...zipped,
      headers: { ...zipped.headers, "content-encoding": "gzip" },
    }),
  ).toEqual([415, expect.stringContaining('"gzip" is not taken')]);
  expect(
    (await refused(`${url}/runs/vae/encode`, picture(new Uint8Array(2 ** 20 + 1), "image/png")))[0],
  ).toBe(413);
});

test("a model of text takes none", async () => {
  expect(await refused(`${url}/runs/text/encode`, picture(png, "image/png"))).toEqual([
    415,
    expect.stringMatching(/channels, which no picture has: send pixels/),
  ]);
});

describe("pictures that are decoded beside each other", () => {
  const form = { channels: 1, height: 28, width: 28, range: [0, 1] } as const;
  const { signal } = new AbortController();
  const many = (bytes: Uint8Array, count: number) => Array.from({ length: count }, () => bytes);
  const decoding = async (
    maxPixels: number,
    timeout: number,
    work: (pictures: Pictures) => Promise<void>,
  ) => {
    const pictures = new Pictures(maxPixels, timeout);
    await work(pictures).finally(() => pictures.close());
  };

  test("have eight times as many pixels as one at most", () =>
    decoding(784, 30_000, async (pictures) => {
      expect(await pictures.decode(many(png, 8), form, signal)).toHaveLength(8 * 784);
      await expect(pictures.decode(many(png, 9), form, signal)).rejects.toMatchObject({
        statusCode: 413,
        message: "the images have 7056 pixels together, and at most 6272 are taken at once",
      });
    }));

  test("have sides of 65,535 pixels at most: of more rows a decoder would run out of memory", () =>
    decoding(2 ** 24, 30_000, async (pictures) => {
      const tall = (height: number) => lyingPng(1, height, new Uint8Array(2 * height));
      expect(await pictures.decode([tall(65_535)], form, signal)).toHaveLength(784);
      await expect(pictures.decode([tall(65_536)], form, signal)).rejects.toMatchObject({
        statusCode: 413,
        message: "the image: is too large: 1×65536 pixels, and at most 65535 a side are taken",
      });
    }));

  test("are given up when one of them is wrong, and leave their places to others", () =>
    decoding(2 ** 26, 30_000, async (pictures) => {
      const large = await pictures.draw(
        new Images({ channels: 1, height: 1000, width: 1000 }, new Uint8Array(10 ** 6)),
        1,
        signal,
      );
      for (let i = 0; i < 5; i++)
        await expect(
          pictures.decode([png.subarray(0, png.length / 2), ...many(large, 255)], form, signal),
        ).rejects.toMatchObject({ statusCode: 400, message: expect.stringMatching(/^image 1: is damaged/) });
      expect(await pictures.decode([png], form, signal)).toHaveLength(784);
    }));

  test("are 1,024 at most, and those that are too many are told so", () =>
    decoding(2 ** 26, 30_000, async (pictures) => {
      const all = await Promise.allSettled(
        many(png, 1100).map((one) => pictures.decode([one], form, signal)),
      );
      const refused = all.flatMap((one) => (one.status === "rejected" ? [one.reason] : []));
      expect(refused).toHaveLength(1100 - 1024);
      for (const { statusCode, message } of refused)
        expect([statusCode, message]).toEqual([503, "too many pictures wait (1024): try again later"]);
    }));

  test("wait for a thread no longer than any request may take", () =>
    decoding(2 ** 26, 1, (pictures) =>
      expect(pictures.decode([png], form, signal)).rejects.toMatchObject({
        statusCode: 503,
        message: "no thread was free for the image within 1 ms",
      }),
    ));
});
