/** Small trained runs of every kind that the service tells apart, and pictures to send it. */
import { join } from "node:path";
import { Jimp } from "jimp";
import { expect } from "vitest";
import type { z } from "zod";
import type { ModelInput } from "../../graphs/families.ts";
import { loadDataset } from "../../runtime/data/dataset.ts";
import { sealed } from "../../runtime/data/fingerprint.ts";
import { nodePlatform } from "../../runtime/node-platform.ts";
import { inferenceServer, type ServerOptions } from "../../runtime/server/listen.ts";
import { InferenceService } from "../../runtime/server/service.ts";
import { TrainingRun } from "../../runtime/training-run.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { Images } from "../../src/data/images.ts";
import { sizeOf, type Tensor } from "../../src/ir/tensor.ts";
import { tinyTraining } from "./tiny.ts";
import { digits, follow } from "./training.ts";

const small = { hidden: [16], latent: 3 } as const;

/** Images of 8 × 6 pixels, one smooth colour each. */
export function colours(): Dataset {
  const image = { channels: 3, height: 6, width: 8 };
  const part = (count: number, from: number) => {
    const data = Uint8Array.from(
      { length: count * 144 },
      (_, i) => (Math.floor(i / 48) * 53 + from + (i % 8) * 4) % 256,
    );
    return { images: new Images(image, data), labels: null, origin: "made" };
  };
  return sealed("colours", {
    train: part(96, 0),
    validation: part(16, 7),
    test: part(16, 11),
    classes: null,
  });
}

/** What each run is trained on, and as what. */
const kinds = {
  vae: async () => [digits, { family: "vae", ...small }],
  conditional: async () => [digits, { family: "vae", ...small, classes: 10 }],
  plain: async () => [digits, { family: "autoencoder", ...small }],
  colour: async () => [colours(), { family: "vae", ...small, likelihood: { kind: "gaussian" } }],
  text: async () => [
    await loadDataset({ name: "lines", limit: 64 }),
    { family: "vae", ...small, likelihood: { kind: "categorical" } },
  ],
} satisfies Readonly<Record<string, () => Promise<[Dataset, object]>>>;

export type Kind = keyof typeof kinds;

/** Trains a run of a kind in `folder`, and gives its path. */
export async function trainedRun(folder: string, kind: Kind, epochs = 2): Promise<string> {
  const [data, model] = (await kinds[kind]()) as [Dataset, object];
  const out = join(folder, kind);
  const description = { ...model, image: data.image } as ModelInput;
  await follow(
    new TrainingRun(description, data, { ...tinyTraining, epochs, report: false, out }, nodePlatform),
  );
  return out;
}

/** One image as a PNG or JPEG file. */
export async function pictureOf(
  images: Images,
  at: number,
  type: "image/png" | "image/jpeg" = "image/png",
): Promise<Buffer> {
  const { channels, height, width } = images.image;
  const plane = height * width;
  const { data } = images.slice(at, at + 1);
  const rgba = Buffer.alloc(4 * plane, 255);
  for (let i = 0; i < plane; i++)
    for (let c = 0; c < 3; c++) rgba[4 * i + c] = data[(channels === 1 ? 0 : c * plane) + i]!;
  const picture = Jimp.fromBitmap({ width, height, data: rgba });
  return type === "image/png" ? picture.getBuffer(type) : picture.getBuffer(type, { quality: 95 });
}

/** The body of a request as JSON, as a picture, and as a form; `accept` is what may be answered. */
export const json = (body: unknown, accept = "application/json"): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json", accept },
  body: JSON.stringify(body),
});
export const picture = (bytes: Uint8Array, type: string, accept = "application/json"): RequestInit => ({
  method: "POST",
  headers: { "content-type": type, accept },
  body: new Uint8Array(bytes),
});
export const form = (body: FormData, accept = "application/json"): RequestInit => ({
  method: "POST",
  headers: { accept },
  body,
});

/** An answer that is 200, as its schema has it. */
export async function ask<S extends z.ZodType>(
  url: string,
  schema: S,
  init: RequestInit = {},
): Promise<z.output<S>> {
  const response = await fetch(url, init);
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${response.status}: ${text}`);
  return schema.parse(JSON.parse(text));
}

/** Asks for what is refused: the status, and the one line that says why, which gives nothing away of the server. */
export async function refused(url: string, init: RequestInit): Promise<[number, string]> {
  const response = await fetch(url, init);
  const body = (await response.json()) as { error: string };
  expect(Object.keys(body)).toEqual(["error"]);
  expect(body.error).not.toMatch(/\n|\/tmp|node_modules|\.ts|onnxruntime/);
  return [response.status, body.error];
}

/** A tensor's rows as nested lists. */
export function nested({ shape, data }: Tensor): unknown {
  const of = (axis: number, start: number): unknown =>
    axis === shape.length
      ? Number(data[start])
      : Array.from({ length: shape[axis]! }, (_, i) =>
          of(axis + 1, start + i * sizeOf(shape.slice(axis + 1))),
        );
  return of(0, 0);
}

/** Runs behind a server on a free port: its address, and what ends it. */
export async function served(
  runs: readonly string[],
  options: Omit<ServerOptions, "service"> = {},
): Promise<{
  readonly url: string;
  readonly service: InferenceService;
  readonly close: () => Promise<void>;
}> {
  const service = await InferenceService.open(runs, { workers: 1, threads: 1, maxDelay: 0 });
  const app = await inferenceServer({ service, ...options });
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  return { url, service, close: () => app.close() };
}

/** A form with files and fields, as `fetch` takes it. */
export function formOf(
  files: readonly Uint8Array[],
  fields: readonly (readonly [string, string])[] = [],
): FormData {
  const form = new FormData();
  for (const [i, bytes] of files.entries()) form.append("image", new Blob([Buffer.from(bytes)]), `${i}.png`);
  for (const [name, value] of fields) form.append(name, value);
  return form;
}
