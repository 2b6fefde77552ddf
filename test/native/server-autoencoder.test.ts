/** The endpoints of an autoencoder give what its encoder and decoder give. */
import { Jimp } from "jimp";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { decodeImage } from "../../runtime/data/decode.ts";
import { nodeHost } from "../../runtime/host/node.ts";
import { codeOf, type Decoder, type Encoder, interpolate } from "../../runtime/models.ts";
import { Run } from "../../runtime/run.ts";
import { encodeAnswer, madeAnswer, runAnswer } from "../../runtime/server/autoencoder/schemas.ts";
import { Images } from "../../src/data/images.ts";
import { imagesOfLines } from "../../src/data/text.ts";
import { type Tensor, tensor } from "../../src/ir/tensor.ts";
import {
  ask,
  colours,
  form,
  formOf,
  json,
  type Kind,
  nested,
  picture,
  pictureOf,
  served,
  trainedRun,
} from "../support/autoencoders.ts";
import { pixelReader } from "../support/pictures.ts";
import { sharedFolder } from "../support/tiny.ts";
import { digits } from "../support/training.ts";

vi.setConfig({ testTimeout: 120_000 });

const folder = sharedFolder();
const kinds: readonly Kind[] = ["vae", "conditional", "plain", "colour", "text"];
const images = digits.test.images.slice(0, 4);
const labels = Array.from(images.labels!);
const at = { device: "cpu", threads: 1 } as const;
let url = "";
let close: () => Promise<void>;

beforeAll(async () => {
  const runs: string[] = [];
  for (const kind of kinds) runs.push(await trainedRun(folder, kind, 2));
  ({ url, close } = await served(runs));
});
afterAll(() => close());

async function png(path: string, init: RequestInit) {
  const response = await fetch(url + path, init);
  const bytes = new Uint8Array(await response.arrayBuffer());
  expect([response.status, response.headers.get("content-type")]).toEqual([200, "image/png"]);
  return pixelReader(bytes);
}

const allOf = (encoded: Readonly<Record<string, Tensor>>) =>
  Object.fromEntries(Object.entries(encoded).map(([name, values]) => [name, nested(values)]));

/** The run's own halves. */
async function halves(kind: Kind): Promise<{ encoder: Encoder; decoder: Decoder }> {
  const run = await Run.open(`${folder}/${kind}`, nodeHost);
  return { encoder: await run.encoder(at), decoder: await run.decoder(at) };
}

const run = (kind: Kind) => `/runs/${kind}`;

describe("encode", () => {
  test("a PNG, a form of several and pixels in JSON give what Encoder gives", async () => {
    const { encoder } = await halves("vae");
    const expected = allOf(await encoder.encode(images));
    const one = allOf(await encoder.encode(images.slice(0, 1)));
    const files = await Promise.all([0, 1, 2, 3].map((i) => pictureOf(images, i)));
    expect(Object.keys(expected)).toEqual(["mean", "log_variance"]);
    expect(await ask(`${url}${run("vae")}/encode`, encodeAnswer, picture(files[0]!, "image/png"))).toEqual(
      one,
    );
    expect(
      await ask(`${url}${run("vae")}/encode`, encodeAnswer, picture(files[0]!, "application/octet-stream")),
    ).toEqual(one);
    expect(await ask(`${url}${run("vae")}/encode`, encodeAnswer, form(formOf(files)))).toEqual(expected);
    const pixels = images.toTensor();
    const flat = (i: number) => Array.from(pixels.data.subarray(i * 784, (i + 1) * 784));
    for (const given of [
      nested(pixels),
      (nested(pixels) as unknown[][]).map(([plane]) => plane),
      [0, 1, 2, 3].map(flat),
    ])
      expect(await ask(`${url}${run("vae")}/encode`, encodeAnswer, json({ pixels: given }))).toEqual(
        expected,
      );
    for (const given of [flat(0), (nested(pixels) as unknown[])[0], (nested(pixels) as unknown[][])[0]![0]])
      expect(await ask(`${url}${run("vae")}/encode`, encodeAnswer, json({ pixels: given }))).toEqual(one);
  });

  test("pictures of any size and colour are brought to the model's form", async () => {
    for (const [kind, form] of [
      ["vae", { size: { width: 28, height: 28 }, channels: 1 }],
      ["colour", { size: { width: 8, height: 6 }, channels: 3 }],
    ] as const) {
      const { encoder } = await halves(kind);
      for (const [bytes, type] of [
        [await pictureOf(colours().test.images, 3, "image/jpeg"), "image/jpeg"],
        [await pictureOf(images, 2), "image/png"],
        [await new Jimp({ width: 1, height: 1, color: 0x3366ccff }).getBuffer("image/png"), "image/png"],
        [await new Jimp({ width: 301, height: 40, color: 0xff0000ff }).getBuffer("image/png"), "image/png"],
      ] as const) {
        const planes = await decodeImage(bytes, "here", form);
        const isSpread = planes.channels < form.channels;
        const data = isSpread
          ? Uint8Array.from(
              { length: 3 * planes.data.length },
              (_, i) => planes.data[i % planes.data.length]!,
            )
          : planes.data;
        const expected = new Images({ channels: form.channels, ...form.size }, data);
        expect(await ask(`${url}${run(kind)}/encode`, encodeAnswer, picture(bytes, type))).toEqual(
          allOf(await encoder.encode(expected)),
        );
      }
    }
  });

  test("a conditional model is told classes by name or number, for all or for each", async () => {
    const { encoder } = await halves("conditional");
    const files = await Promise.all([0, 1, 2, 3].map((i) => pictureOf(images, i)));
    const path = `${run("conditional")}/encode`;
    const each = allOf(await encoder.encode(images.toTensor(), labels));
    const sevens = allOf(await encoder.encode(images.toTensor(), [7, 7, 7, 7]));
    expect(each).not.toEqual(sevens);
    const fields = labels.map((label) => ["label", String(label)] as const);
    expect(await ask(url + path, encodeAnswer, form(formOf(files, fields)))).toEqual(each);
    expect(
      await ask(url + path, encodeAnswer, json({ pixels: nested(images.toTensor()), label: labels })),
    ).toEqual(each);
    expect(await ask(`${url}${path}?label=7`, encodeAnswer, form(formOf(files)))).toEqual(sevens);
    expect(
      await ask(url + path, encodeAnswer, json({ pixels: nested(images.toTensor()), label: "7" })),
    ).toEqual(sevens);
    const query = labels.map((label) => `label=${label}`).join("&");
    expect(await ask(`${url}${path}?${query}`, encodeAnswer, form(formOf(files)))).toEqual(each);
  });

  test("a plain autoencoder gives its code, a model of text takes lines", async () => {
    const plain = await halves("plain");
    expect(
      await ask(`${url}${run("plain")}/encode`, encodeAnswer, json({ pixels: nested(images.toTensor()) })),
    ).toEqual(allOf(await plain.encoder.encode(images)));
    const { encoder } = await halves("text");
    const medium = (await Run.open(`${folder}/text`, nodeHost)).config.data;
    const alphabet = medium.medium.kind === "text" ? medium.medium.alphabet : "";
    const lines = ["a line of text", "another"];
    expect(await ask(`${url}${run("text")}/encode`, encodeAnswer, json({ lines }))).toEqual(
      allOf(await encoder.encode(imagesOfLines(lines, alphabet, medium.image.width))),
    );
  });
});

describe("images that are made", () => {
  test("decode gives what Decoder gives: numbers, one picture, a sheet", async () => {
    const { decoder } = await halves("vae");
    const latent = [
      [0.5, -1, 2],
      [0, 0, 0],
      [1, 1, -1],
    ];
    const decoded = await decoder.decode(tensor("float32", [3, 3], Float32Array.from(latent.flat())));
    const answer = await ask(`${url}${run("vae")}/decode`, madeAnswer, json({ latent }));
    expect(answer).toEqual({ pixels: nested(decoded), latent });
    const one = await decoder.decode(tensor("float32", [1, 3], Float32Array.from(latent[0]!)));
    expect((await ask(`${url}${run("vae")}/decode`, madeAnswer, json({ latent: latent[0] }))).pixels).toEqual(
      nested(one),
    );
    const alone = await png(`${run("vae")}/decode`, json({ latent: latent[0] }, "*/*"));
    expect([alone.width, alone.height]).toEqual([28, 28]);
    const bytes = Images.fromTensor(one);
    for (const [x, y] of [
      [14, 14],
      [3, 20],
      [27, 0],
    ] as const)
      expect(alone.at(x, y) >>> 24).toBe(bytes.data[28 * y + x]);
    const sheet = await png(`${run("vae")}/decode`, json({ latent }, "image/png"));
    expect(sheet.width).toBeGreaterThan(3 * sheet.height * 0.8);
  });

  test("reconstruct is encode and decode, each image told its class", async () => {
    for (const kind of ["vae", "plain", "conditional", "colour"] as const) {
      const { encoder, decoder } = await halves(kind);
      const given = kind === "colour" ? colours().test.images.slice(0, 4) : images;
      const told = kind === "conditional" ? labels : null;
      const code = codeOf(await encoder.encode(given.toTensor(), told));
      const expected = { pixels: nested(await decoder.decode(code, told)), latent: nested(code) };
      const files = await Promise.all([0, 1, 2, 3].map((i) => pictureOf(given, i)));
      const fields = (told ?? []).map((label) => ["label", String(label)] as const);
      expect(await ask(`${url}${run(kind)}/reconstruct`, madeAnswer, form(formOf(files, fields)))).toEqual(
        expected,
      );
      const sheet = await png(`${run(kind)}/reconstruct`, form(formOf(files, fields), "image/*"));
      expect(sheet.width).toBeGreaterThan(500);
    }
  });

  test("sample draws what Decoder.sample draws", async () => {
    const { decoder } = await halves("vae");
    const path = `${run("vae")}/sample`;
    const accept = { headers: { accept: "application/json" } };
    const expected = nested(await decoder.sample(5, 7));
    expect((await ask(`${url}${path}?count=5&seed=7`, madeAnswer, accept)).pixels).toEqual(expected);
    expect(
      (await ask(`${url}${path}?count=5&seed=7`, madeAnswer, { ...accept, method: "POST" })).pixels,
    ).toEqual(expected);
    expect((await ask(url + path, madeAnswer, json({ count: 5, seed: 7 }))).pixels).toEqual(expected);
    expect((await ask(`${url}${path}?count=5&seed=8`, madeAnswer, accept)).pixels).not.toEqual(expected);
    const conditional = await halves("conditional");
    expect(
      (await ask(`${url}${run("conditional")}/sample?count=2&label=3`, madeAnswer, accept)).pixels,
    ).toEqual(nested(await conditional.decoder.sample(2, 0, [3, 3])));
    const told = json({ count: 2, label: [3, 4] });
    expect((await ask(`${url}${run("conditional")}/sample`, madeAnswer, told)).pixels).toEqual(
      nested(await conditional.decoder.sample(2, 0, [3, 4])),
    );
    const sheet = await png(`${path}?count=12`, {});
    expect(sheet.width).toBeGreaterThan(sheet.height);
  });

  test("interpolate walks between two codes or two images", async () => {
    const { encoder, decoder } = await halves("conditional");
    const path = `${run("conditional")}/interpolate?label=4`;
    const code = codeOf(await encoder.encode(images.slice(0, 2).toTensor(), [4, 4]));
    const row = (i: number) => tensor("float32", [1, 3], code.data.slice(3 * i, 3 * i + 3));
    const way = interpolate(row(0), row(1), 5);
    const expected = { pixels: nested(await decoder.decode(way, [4, 4, 4, 4, 4])), latent: nested(way) };
    const files = [await pictureOf(images, 0), await pictureOf(images, 1)];
    expect(await ask(`${url}${path}&steps=5`, madeAnswer, form(formOf(files)))).toEqual(expected);
    expect(await ask(`${url}${path}&steps=5`, madeAnswer, json({ latent: nested(code) }))).toEqual(expected);
    expect(await ask(url + path, madeAnswer, json({ latent: nested(code), steps: 5 }))).toEqual(expected);
    const sheet = await png(`${path}&steps=6`, form(formOf(files), "*/*"));
    expect(sheet.width).toBeGreaterThan(5 * sheet.height);
  });

  test("lines of text are text, too", async () => {
    const answer = await ask(`${url}${run("text")}/sample?count=3&seed=1`, madeAnswer, {});
    const response = await fetch(`${url}${run("text")}/sample?count=3&seed=1`, {
      headers: { accept: "text/plain" },
    });
    expect(response.headers.get("content-type")).toContain("text/plain");
    expect((await response.text()).split("\n")).toEqual([...answer.lines!, ""]);
    expect(answer.lines).toHaveLength(3);
  });
});

test("runs are listed with what there is to know of them", async () => {
  const all = await ask(`${url}/runs`, runAnswer.array(), {});
  expect(all.map(({ name }) => name)).toEqual(kinds);
  expect(await ask(`${url}/runs/conditional`, runAnswer, {})).toEqual({
    name: "conditional",
    models: {
      encoder: "conditional-encoder",
      decoder: "conditional-decoder",
      evaluation: "conditional-evaluation",
    },
    image: { channels: 1, height: 28, width: 28, range: [0, 1] },
    medium: "image",
    latent: 3,
    classes: [..."0123456789"],
    is_conditional: true,
    quantiles: [0.5, 0.9, 0.95, 0.99, 0.999],
  });
});
