/** A small run as the service finds it, and a server on a free port with everything that a request to it needs. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import { parse } from "../../graphs/config.ts";
import { describe as described } from "../../graphs/families.ts";
import { initialState } from "../../graphs/state.ts";
import { trainingConfig } from "../../graphs/training-config.ts";
import { exportModel } from "../../runtime/export.ts";
import type { Precision } from "../../runtime/precision.ts";
import { inferenceServer, type ServerOptions } from "../../runtime/server/listen.ts";
import { InferenceService, type ServiceOptions } from "../../runtime/server/service.ts";
import { graph } from "../../src/ir/graph.ts";
import { scalar, tensor } from "../../src/ir/tensor.ts";
import { constant, input } from "../../src/ir/value.ts";
import { encode } from "../../src/onnx/encode.ts";
import { add, expand, matMul, mul, reduceMean } from "../../src/ops/index.ts";
import { tinyModel, tinyTraining } from "./tiny.ts";

/** The bytes of an encoder or decoder; each seed has its own weights. */
export function halfOf(name: "encoder" | "decoder", seed = 3, precision?: Precision): Uint8Array {
  const model = described(tinyModel);
  const training = parse(trainingConfig, tinyTraining, "training");
  const parameters = initialState(model, training.optimizer, seed);
  return exportModel(name, { model, training, classes: null, parameters }, precision);
}

/** Writes a run directory with what the service reads of one. */
export async function writeRun(folder: string, seed = 3): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "run.json"), "{}");
  for (const name of ["encoder", "decoder"] as const)
    await writeFile(join(folder, `${name}.onnx`), halfOf(name, seed));
}

/** A model of one input `x` `[batch, 1]` whose runs take a good part of a second, whatever they are fed. */
export function slowModel(): Uint8Array {
  const x = input("x", "float32", ["batch", 1]);
  const size = 512;
  let product = mul(expand(reduceMean(x), [size, size]), constant(scalar("float32", 1 / size)));
  for (let i = 0; i < 200; i++) product = matMul(product, product);
  return encode(graph("slow", { x }, { y: add(x, reduceMean(product)) }));
}

/** A model of one input `x` `[batch, 1]` with so many bytes of weights. */
export function largeModel(bytes: number): Uint8Array {
  const x = input("x", "float32", ["batch", 1]);
  const weights = constant(tensor("float32", [1, bytes / 4], new Float32Array(bytes / 4)));
  return encode(graph("large", { x }, { y: matMul(x, weights) }));
}

export interface Serving {
  readonly url: string;
  readonly app: FastifyInstance;
  readonly service: InferenceService;
  readonly get: (path: string) => Promise<Answer>;
  /** Posts JSON, or bytes as they are. */
  readonly post: (path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
  /** The body as JSON; null where it is none. */
  readonly json: JsonAnswer;
}

/** What the tests look at in answers. */
export interface JsonAnswer {
  readonly [key: string]: unknown;
  readonly error?: string;
  readonly outputs?: readonly OutputAnswer[];
}

export interface OutputAnswer {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly data?: readonly number[];
  readonly parameters?: { readonly binary_data_size: number };
}

/** Serves models on a free port. */
export async function serve(
  models: readonly string[],
  options: ServiceOptions = {},
  server: Omit<ServerOptions, "service"> = {},
): Promise<Serving> {
  const service = await InferenceService.open(models, { workers: 1, threads: 1, ...options });
  const app = await inferenceServer({ service, ...server });
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  const ask = async (path: string, init?: RequestInit): Promise<Answer> => {
    const response = await fetch(url + path, init);
    const bytes = Buffer.from(await response.arrayBuffer());
    return { status: response.status, headers: response.headers, bytes, json: jsonIn(bytes) };
  };
  return {
    url,
    app,
    service,
    get: (path) => ask(path),
    post: (path, body, headers = {}) =>
      ask(path, {
        method: "POST",
        headers,
        body:
          body === undefined || typeof body === "string" || body instanceof Uint8Array
            ? ((body as BodyInit | null) ?? null)
            : JSON.stringify(body),
      }),
  };
}

function jsonIn(bytes: Buffer): JsonAnswer {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return {};
  }
}

/** The pixels of an image `[1, 1, 28, 28]`, which no other number has. */
export function pixels(number: number): number[] {
  return Array.from({ length: 784 }, (_, i) => ((i * 7 + number * 13) % 256) / 255);
}

/** A JSON request to encode images. */
export function encodeRequest(...numbers: readonly number[]) {
  const data = numbers.flatMap(pixels);
  return { inputs: [{ name: "image", shape: [numbers.length, 1, 28, 28], datatype: "FP32", data }] };
}

/** A request body with binary data behind its JSON, and the header that says where they begin. */
export function binaryRequest(json: unknown, ...data: readonly Uint8Array[]) {
  const header = Buffer.from(JSON.stringify(json));
  return {
    body: Buffer.concat([header, ...data]),
    headers: { "inference-header-content-length": String(header.length) },
  };
}
