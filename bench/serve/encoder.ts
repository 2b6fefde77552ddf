/** What is served: the untrained encoder of the preset `vae`, and a request to it with one drawn digit. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeHost } from "../../runtime/host/node.ts";
import { chosenThreads } from "../../runtime/server/pool.ts";
import { Session } from "../../runtime/session.ts";
import { drawDigits } from "../../src/data/digits/digits.ts";
import { isthmus } from "../../test/support/cli.ts";

/** A request of one image; the answer comes in the same form. */
export interface Form {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
}

export interface Encoder {
  /** The run directory. */
  readonly run: string;
  readonly remove: () => Promise<void>;
}

/** Writes a run without training. */
export async function prepare(): Promise<Encoder> {
  const folder = await mkdtemp(join(tmpdir(), "isthmus-serve-"));
  const run = join(folder, "vae");
  const settings = ["--preset", "vae", "--latent", "20", "--hidden", "400", "--epochs", "0", "--no-report"];
  const { code, stderr } = await isthmus(["train", "--data", "digits", ...settings, "--out", run], folder);
  if (code !== 0) throw new Error(stderr);
  return { run, remove: () => rm(folder, { recursive: true }) };
}

const image = Float32Array.from(drawDigits(1, 1).images.data, (value) => value / 255);
const input = { name: "image", datatype: "FP32", shape: [1, 1, 28, 28] };

/** Pixels as a client writes them that has bytes divided by 255. */
export function jsonForm(): Form {
  const data = Array.from(drawDigits(1, 1).images.data, (value) => value / 255);
  const body = JSON.stringify({ inputs: [{ ...input, data }] });
  return { headers: { "content-type": "application/json" }, body: new TextEncoder().encode(body) };
}

export function binaryForm(): Form {
  const json = JSON.stringify({
    inputs: [{ ...input, parameters: { binary_data_size: image.byteLength } }],
    parameters: { binary_data_output: true },
  });
  const headers = {
    "content-type": "application/octet-stream",
    "inference-header-content-length": String(json.length),
  };
  return { headers, body: new Uint8Array(Buffer.concat([Buffer.from(json), new Uint8Array(image.buffer)])) };
}

/** Runs the encoder in a loop, as many rows at once as told, with the threads that a worker has: rows per second. */
export async function bareLoop(run: string, rows: number, seconds: number): Promise<number> {
  const bytes = await readFile(join(run, "encoder.onnx"));
  const session = await Session.load(bytes, "encoder", nodeHost, { threads: chosenThreads({}).threads });
  const data = new Float32Array(rows * image.length);
  for (let row = 0; row < rows; row++) data.set(image, row * image.length);
  const feeds = { image: { dtype: "float32", shape: [rows, 1, 28, 28], data } } as const;
  for (let i = 0; i < 50; i++) await session.run(feeds);
  const start = performance.now();
  let runs = 0;
  while (performance.now() - start < seconds * 1000) {
    await session.run(feeds);
    runs++;
  }
  const elapsed = (performance.now() - start) / 1000;
  await session.release();
  return (runs * rows) / elapsed;
}
