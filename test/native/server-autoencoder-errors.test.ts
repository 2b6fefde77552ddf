/** What the endpoints of an autoencoder refuse of JSON, settings and runs, and that they go on afterwards. */
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { encodeAnswer, madeAnswer } from "../../runtime/server/autoencoder/schemas.ts";
import type { InferenceService } from "../../runtime/server/service.ts";
import {
  ask,
  json,
  nested,
  picture,
  pictureOf,
  refused,
  served,
  trainedRun,
} from "../support/autoencoders.ts";
import { sharedFolder } from "../support/tiny.ts";
import { digits } from "../support/training.ts";

vi.setConfig({ testTimeout: 120_000 });

const folder = sharedFolder();
const { images } = digits.test;
const one = nested(images.slice(0, 1).toTensor());
let url = "";
let alone = "";
let png: Buffer;
let service: InferenceService;
const ends: (() => Promise<void>)[] = [];

beforeAll(async () => {
  const kinds = ["vae", "conditional", "plain", "text"] as const;
  for (const kind of kinds) await trainedRun(folder, kind, 1);
  // A run of one name among others, and the files of one that has none.
  await mkdir(join(folder, "files"));
  for (const half of ["encoder", "decoder"])
    await copyFile(join(folder, "vae", `${half}.onnx`), join(folder, "files", `${half}.onnx`));
  const all = await served(
    kinds.map((kind) => join(folder, kind)),
    { maxImages: 4, maxPixels: 10_000, bodyLimit: 2 ** 20 },
  );
  ({ url, service } = all);
  const nameless = await served([join(folder, "files")]);
  alone = nameless.url;
  ends.push(all.close, nameless.close);
  png = await pictureOf(images, 0);
});
afterAll(() => Promise.all(ends.map((end) => end())));

describe("JSON", () => {
  test.each<[string, unknown, number, RegExp]>([
    ["vae/encode", "{", 400, /JSON/],
    ["vae/encode", "[]", 400, /^the body: must be an object/],
    ["vae/encode", "null", 400, /the body/],
    ["vae/encode", {}, 400, /either pixels or lines/],
    ["vae/encode", { pixels: [] }, 400, /pixels must have at least 1 entry/],
    ["vae/encode", { pixels: 3 }, 400, /^the body: pixels must be a list, is 3$/],
    ["vae/encode", { pixels: one, lines: ["a"] }, 400, /either pixels or lines/],
    ["vae/encode", { pixels: [[0, 1]] }, 400, /an image is \[1,28,28\], and these are nested as \[1,2\]/],
    [
      "vae/encode",
      { pixels: Array(784).fill(255) },
      400,
      /^pixels: element 0 is 255, which is not between 0 and 1$/,
    ],
    [
      "vae/encode",
      { pixels: Array(784).fill("a") },
      400,
      /^input pixels: element 0 is "a", which is no FP32$/,
    ],
    ["vae/encode", { pixels: [...Array(783).fill(0), null] }, 400, /element 783 is null/],
    ["vae/encode", { pixels: [...Array(783).fill(0), [1]] }, 400, /element 783/],
    [
      "vae/encode",
      { pixels: Array(5).fill(Array(784).fill(0)) },
      413,
      /^5 images are more than the 4 of one request$/,
    ],
    ["vae/encode", { image: one }, 400, /^the body: has no setting "image"$/],
    ["vae/encode", { lines: ["a"] }, 400, /^lines: the model is not of text$/],
    ["text/encode", { lines: ["É"] }, 400, /not in the alphabet/],
    ["text/encode", { lines: ["a".repeat(500)] }, 400, /has 500 characters/],
    ["text/encode", { lines: Array(100_000).fill(1) }, 413, /^the body: lines has more than 10000 entries$/],
    ["vae/encode", { pixels: one, label: Array(100_000).fill({}) }, 413, /^the body: label has more than/],
    [
      "vae/encode",
      Object.fromEntries([...Array(1000).keys()].map((i) => [`k${i}`, i])),
      400,
      /more than 100 settings/,
    ],
    [
      "vae/encode",
      `{"pixels":${"[".repeat(100_000)}${"]".repeat(100_000)}}`,
      400,
      /nested as \[1,1,1,1,1,1\]$/,
    ],
    ["vae/encode?label=1", { pixels: one }, 400, /^label: the model is not told classes/],
    ["vae/encode?size=3", { pixels: one }, 400, /^the query: has no setting "size"$/],
    [
      "conditional/encode",
      { pixels: one },
      400,
      /^label: the model is told a class: which\? there are 0, 1,/,
    ],
    ["conditional/encode", { pixels: one, label: "ten" }, 400, /there is no class "ten"/],
    ["conditional/encode", { pixels: one, label: 10 }, 400, /there is no class 10/],
    ["conditional/encode", { pixels: one, label: -1 }, 400, /there is no class -1/],
    [
      "conditional/encode",
      { pixels: one, label: [1, 2] },
      400,
      /2 labels are neither one for all nor one for each of 1/,
    ],
    ["conditional/encode?label=1", { pixels: one, label: 1 }, 400, /in the query and in the body/],
    [
      "vae/decode",
      { latent: [[1, 2]] },
      400,
      /^latent: a code has 3 elements, and these are nested as \[1,2\]$/,
    ],
    ["vae/decode", { latent: [1, 2, "3"] }, 400, /element 2 is "3"/],
    ["vae/decode", { latent: [1, 2, 1e39] }, 400, /element 2 is Infinity, not a finite number/],
    [
      "vae/decode",
      {
        latent: [
          [1, 2, 3],
          [1, 2],
        ],
      },
      400,
      /nested/,
    ],
    ["vae/decode", {}, 400, /^the body: latent is missing/],
    ["vae/decode", { latent: Array(5).fill([0, 0, 0]) }, 413, /more than the 4/],
    ["vae/interpolate", { latent: [[1, 2, 3]] }, 400, /^two images or codes were expected, got 1$/],
    [
      "vae/interpolate?steps=1",
      {
        latent: [
          [1, 2, 3],
          [0, 0, 0],
        ],
      },
      400,
      /steps must be at least 2, is/,
    ],
    [
      "vae/interpolate?steps=9",
      {
        latent: [
          [1, 2, 3],
          [0, 0, 0],
        ],
      },
      413,
      /more than the 4/,
    ],
    [
      "vae/interpolate",
      {
        latent: [
          [1, 2, 3],
          [0, 0, 0],
        ],
        pixels: one,
      },
      400,
      /both images and codes/,
    ],
    [
      "conditional/interpolate?steps=3",
      {
        latent: [
          [1, 2, 3],
          [0, 0, 0],
        ],
        label: [1, 2],
      },
      400,
      /both ends are of one class/,
    ],
    ["vae/sample", { count: 5 }, 413, /more than the 4/],
    ["vae/sample", { count: 0 }, 400, /count must be at least 1/],
    ["vae/sample", { seed: -1 }, 400, /seed must be at least 0/],
    ["vae/sample?count=2", { seed: 1 }, 400, /settings are in the query and in the body/],
    ["vae/sample?count=two", undefined, 400, /count must be a number/],
    ["plain/sample", undefined, 400, /no prior to draw codes from/],
    [
      "vae/anomaly?quantile=0.42",
      { pixels: one },
      400,
      /0.42 was not measured: one of 0.5, 0.9, 0.95, 0.99, 0.999/,
    ],
    ["vae/anomaly?quantile=2", { pixels: one }, 400, /quantile must be less than 1/],
    ["vae/anomaly?score=loss", { pixels: one }, 400, /score must be one of elbo, reconstruction/],
    ["plain/anomaly?score=elbo", { pixels: one }, 400, /has no bound/],
    [
      "none/encode",
      { pixels: one },
      404,
      /^there is no run "none": there are vae, conditional, plain, text$/,
    ],
  ])("%s is refused, %#", async (path, body, status, message) => {
    const init: RequestInit =
      body === undefined
        ? { method: "POST" }
        : { ...json({}), body: typeof body === "string" ? body : JSON.stringify(body) };
    const [code, error] = await refused(`${url}/runs/${path}`, init);
    expect([code, error]).toEqual([status, expect.stringMatching(message)]);
  });

  test("codes are no pictures", async () => {
    expect(await refused(`${url}/runs/vae/decode`, picture(png, "image/png"))).toEqual([
      415,
      "codes are sent as JSON: Content-Type: application/json",
    ]);
  });

  test("nothing that could be sent is accepted", async () => {
    const init = json({ latent: [0, 0, 0] }, "image/webp");
    expect(await refused(`${url}/runs/vae/decode`, init)).toEqual([
      406,
      expect.stringContaining("image/png or application/json"),
    ]);
    expect((await refused(`${url}/runs/text/sample`, { headers: { accept: "image/png" } }))[0]).toBe(406);
  });
});

test("the protocol's tensors hold no class that there is not", async () => {
  const infer = (label: number) =>
    fetch(`${url}/v2/models/conditional-encoder/infer`, {
      method: "POST",
      body: JSON.stringify({
        inputs: [
          { name: "image", shape: [1, 1, 28, 28], datatype: "FP32", data: one },
          { name: "label", shape: [1], datatype: "INT32", data: [label] },
        ],
      }),
    });
  expect((await infer(9)).status).toBe(200);
  for (const label of [-1, 10]) {
    const answer = await infer(label);
    expect([answer.status, await answer.json()]).toEqual([
      400,
      { error: `input label: element 0 is ${label}, and classes are 0 to 9` },
    ]);
  }
});

describe("runs", () => {
  test("which one is asked for where there are several, and none is said to be missing", async () => {
    expect(await refused(`${url}/encode`, json({ pixels: one }))).toEqual([
      400,
      "which run? /runs/NAME/… for one of vae, conditional, plain, text",
    ]);
    expect((await ask(`${alone}/encode`, encodeAnswer, json({ pixels: one }))).mean).toHaveLength(1);
    expect(
      (await ask(`${alone}/sample?count=2`, madeAnswer, { headers: { accept: "application/json" } })).latent,
    ).toHaveLength(2);
    const response = await fetch(`${alone}/anomaly`, json({ pixels: one }));
    expect([response.status, await response.json()]).toEqual([
      404,
      { error: "the run has no evaluation.onnx: isthmus export writes it, and evaluation=PATH serves it" },
    ]);
  });

  test("a model that is unloaded is not there for a while", async () => {
    await service.unload("plain-decoder");
    const [status, error] = await refused(`${url}/runs/plain/reconstruct`, json({ pixels: one }));
    expect([status, error]).toEqual([503, expect.stringContaining("plain-decoder is not loaded")]);
    expect((await ask(`${url}/runs/plain/encode`, encodeAnswer, json({ pixels: one }))).code).toHaveLength(1);
    await service.load("plain-decoder");
    expect(
      (await ask(`${url}/runs/plain/reconstruct`, madeAnswer, json({ pixels: one }))).pixels,
    ).toHaveLength(1);
  });
});
