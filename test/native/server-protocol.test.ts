/** The Open Inference Protocol v2, endpoint by endpoint and error by error, with JSON and with binary tensors. */
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeHost } from "../../runtime/host/node.ts";
import { Encoder } from "../../runtime/models.ts";
import { tensor } from "../../src/ir/tensor.ts";
import { version } from "../../src/version.ts";
import {
  binaryRequest,
  encodeRequest,
  halfOf,
  type OutputAnswer,
  pixels,
  type Serving,
  serve,
  writeRun,
} from "../support/serving.ts";
import { sharedFolder } from "../support/tiny.ts";

const folder = sharedFolder();
const encoder = "/v2/models/tiny-encoder";
let server: Serving;
/** What the encoder gives for images 1 and 2 without any service. */
let expected: Record<"mean" | "log_variance", number[]>;

beforeAll(async () => {
  await writeRun(join(folder, "tiny"));
  server = await serve([join(folder, "tiny")], { maxElements: 8 * 784 }, { bodyLimit: 300_000 });
  const direct = await Encoder.open(halfOf("encoder"), "encoder", nodeHost);
  const image = tensor("float32", [2, 1, 28, 28], Float32Array.from([...pixels(1), ...pixels(2)]));
  const { mean, log_variance } = await direct.encode(image);
  expected = { mean: [...mean!.data], log_variance: [...log_variance!.data] };
  await direct.release();
});
afterAll(() => server.app.close());

const outputsOf = (outputs: readonly OutputAnswer[] = []) =>
  Object.fromEntries(outputs.map(({ name, data }) => [name, data]));
const close = (numbers: readonly number[]) => numbers.map((value) => expect.closeTo(value, 5));

describe("metadata and health", () => {
  test.each(["/v2", "/v2/"])("GET %s", async (path) => {
    const { status, json } = await server.get(path);
    const extensions = ["binary_tensor_data", "model_repository", "statistics"];
    expect({ status, json }).toEqual({ status: 200, json: { name: "isthmus", version, extensions } });
  });

  test("health of the server", async () => {
    expect(await server.get("/v2/health/live")).toMatchObject({ status: 200, json: { live: true } });
    expect(await server.get("/v2/health/ready")).toMatchObject({ status: 200, json: { ready: true } });
  });

  test.each(["", "/versions/1"])("a model, with its path ending in %j", async (path) => {
    const { status, json } = await server.get(encoder + path);
    expect({ status, json }).toEqual({
      status: 200,
      json: {
        name: "tiny-encoder",
        versions: ["1"],
        platform: "onnx_onnxv1",
        inputs: [{ name: "image", datatype: "FP32", shape: [-1, 1, 28, 28] }],
        outputs: [
          { name: "mean", datatype: "FP32", shape: [-1, 2] },
          { name: "log_variance", datatype: "FP32", shape: [-1, 2] },
        ],
      },
    });
    const ready = await server.get(`${encoder}${path}/ready`);
    expect(ready).toMatchObject({ status: 200, json: { name: "tiny-encoder", ready: true } });
  });

  test.each(["", "/ready", "/stats"])("404 for models and versions that there are not: %j", async (path) => {
    const unknown = await server.get(`/v2/models/none${path}`);
    expect(unknown).toMatchObject({ status: 404, json: { error: 'there is no model "none"' } });
    const { status, json } = await server.get(`${encoder}/versions/2${path}`);
    expect({ status, json }).toEqual({
      status: 404,
      json: { error: "model tiny-encoder has no version 2, but 1" },
    });
  });

  test("404 for any other address, with an error as the protocol has it", async () => {
    expect(await server.get("/v3")).toMatchObject({ status: 404, json: { error: expect.any(String) } });
  });
});

describe("infer", () => {
  test("answers flat data, all outputs, and the request's id", async () => {
    const { status, json, headers } = await server.post(`${encoder}/infer`, {
      id: 'a "1"',
      ...encodeRequest(1, 2),
    });
    expect(status).toBe(200);
    expect(headers.get("content-type")).toBe("application/json; charset=utf-8");
    expect(headers.get("x-request-id")).toMatch(/^[\w-]+$/);
    expect(json).toEqual({
      model_name: "tiny-encoder",
      model_version: "1",
      id: 'a "1"',
      outputs: [
        { name: "mean", datatype: "FP32", shape: [2, 2], data: close(expected.mean) },
        { name: "log_variance", datatype: "FP32", shape: [2, 2], data: close(expected.log_variance) },
      ],
    });
  });

  test("takes nested data, a version in the path, and gives the outputs that are asked for", async () => {
    const rows = (number: number) =>
      Array.from({ length: 28 }, (_, y) => pixels(number).slice(y * 28, y * 28 + 28));
    const data = [[rows(1)], [rows(2)]];
    const inputs = [{ name: "image", shape: [2, 1, 28, 28], datatype: "FP32", data }];
    const { json } = await server.post(`${encoder}/versions/1/infer`, {
      inputs,
      outputs: [{ name: "log_variance" }],
    });
    expect(outputsOf(json.outputs)).toEqual({ log_variance: close(expected.log_variance) });
  });

  test("takes null for what may be left out", async () => {
    const inputs = [{ ...encodeRequest(1).inputs[0], parameters: null }];
    const request = { id: null, parameters: null, inputs, outputs: null };
    expect(await server.post(`${encoder}/infer`, request)).toMatchObject({ status: 200 });
  });

  test("takes and gives binary tensors", async () => {
    const bytes = new Uint8Array(Float32Array.from([...pixels(1), ...pixels(2)]).buffer);
    for (const id of ["", "1", "12", "123"]) {
      // The binary data begin at any address, aligned or not.
      const request = {
        id,
        inputs: [
          {
            name: "image",
            shape: [2, 1, 28, 28],
            datatype: "FP32",
            parameters: { binary_data_size: bytes.length },
          },
        ],
        outputs: [{ name: "mean", parameters: { binary_data: true } }, { name: "log_variance" }],
      };
      const { body, headers } = binaryRequest(request, bytes);
      const answer = await server.post(`${encoder}/infer`, body, headers);
      expect(answer.status).toBe(200);
      expect(answer.headers.get("content-type")).toBe("application/octet-stream");
      const length = Number(answer.headers.get("inference-header-content-length"));
      const json = JSON.parse(answer.bytes.subarray(0, length).toString());
      expect(json).toMatchObject({
        id,
        outputs: [
          { name: "mean", shape: [2, 2], parameters: { binary_data_size: 16 } },
          { name: "log_variance", data: close(expected.log_variance) },
        ],
      });
      const mean = new Float32Array(new Uint8Array(answer.bytes.subarray(length)).buffer);
      expect([...mean]).toEqual(close(expected.mean));
    }
  });

  test("binary_data_output is for all outputs but those that say otherwise", async () => {
    const parameters = { binary_data_output: true };
    const outputs = [{ name: "mean" }, { name: "log_variance", parameters: { binary_data: false } }];
    const answer = await server.post(`${encoder}/infer`, { ...encodeRequest(1), parameters, outputs });
    const length = Number(answer.headers.get("inference-header-content-length"));
    const [mean, logVariance] = JSON.parse(answer.bytes.subarray(0, length).toString()).outputs;
    expect(mean).toEqual({
      name: "mean",
      datatype: "FP32",
      shape: [1, 2],
      parameters: { binary_data_size: 8 },
    });
    expect(logVariance.data).toEqual(close(expected.log_variance.slice(0, 2)));
    expect(answer.bytes.length).toBe(length + 8);
  });

  test("takes compressed bodies, and none that is more than the limit when it is decompressed", async () => {
    const headers = { "content-encoding": "gzip" };
    const body = gzipSync(JSON.stringify(encodeRequest(1)));
    expect(await server.post(`${encoder}/infer`, body, headers)).toMatchObject({ status: 200 });
    const bomb = await server.post(`${encoder}/infer`, gzipSync(new Uint8Array(10_000_000)), headers);
    expect(bomb).toMatchObject({
      status: 413,
      json: { error: "the body is more than 300000 bytes when it is decompressed" },
    });
    const plain = await server.post(`${encoder}/infer`, "{}", headers);
    expect(plain).toMatchObject({ status: 400, json: { error: "the body is not gzip" } });
    const other = await server.post(`${encoder}/infer`, "{}", { "content-encoding": "br" });
    expect(other).toMatchObject({ status: 415 });
  });
});

describe("infer refuses with a 400 that says why", () => {
  const image = (changes: object) => ({ inputs: [{ ...encodeRequest(1).inputs[0], ...changes }] });
  const { data, ...noData } = encodeRequest(1).inputs[0]!;

  test.each<[string, unknown, string | RegExp]>([
    ["no JSON", "{", /^the request is not JSON: /],
    ["no object", "[]", "the request is no JSON object"],
    ["NaN", '{"inputs": [{"data": [NaN]}]}', /^the request is not JSON: /],
    ["no inputs", {}, "the request has no inputs"],
    ["inputs that are no array", { inputs: 1 }, "the request: inputs is no array"],
    ["an input too few", { inputs: [] }, "tiny-encoder: input image is not fed"],
    ["an input that is null", { inputs: [null] }, "an input is no JSON object"],
    ["an input without a name", image({ name: undefined }), "an input has no name"],
    ["an unknown input", image({ name: "picture" }), 'the model has no input "picture"'],
    ["an input twice", { inputs: [...image({}).inputs, ...image({}).inputs] }, "input image is there twice"],
    ["an id that is no text", { ...image({}), id: 3 }, "the request: id is no string"],
    ["no datatype", image({ datatype: undefined }), "input image has no datatype"],
    ["another datatype", image({ datatype: "FP64" }), 'input image is FP32, got "FP64"'],
    ["no shape", image({ shape: undefined }), "input image has no shape"],
    [
      "another shape",
      image({ shape: [1, 784] }),
      "tiny-encoder: input image has shape [batch,1,28,28], got [1,784]",
    ],
    [
      "a shape with a fraction",
      image({ shape: [1.5, 1, 28, 28] }),
      "input image: shape has 1.5, which is no size",
    ],
    ["a negative size", image({ shape: [-1, 1, 28, 28] }), "input image: shape has -1, which is no size"],
    [
      "a shape beyond all numbers",
      image({ shape: [2 ** 50, 2 ** 50] }),
      /^input image: shape \[\S+\] is too large$/,
    ],
    [
      "no rows",
      image({ shape: [0, 1, 28, 28], data: [] }),
      "tiny-encoder: input image of shape [0,1,28,28] is empty",
    ],
    ["no data", { inputs: [noData] }, "input image has no data"],
    [
      "too few elements",
      image({ data: data.slice(1) }),
      "input image: shape [1,1,28,28] holds 784 elements, and data has 783",
    ],
    ["uneven data", image({ data: [[data]] }), "input image: data is not nested as its shape [1,1,28,28] is"],
    [
      "an element that is a text",
      image({ data: data.with(5, "1" as unknown as number) }),
      'input image: element 5 is "1", which is no FP32',
    ],
    [
      "an element that is null",
      image({ data: data.with(5, null as unknown as number) }),
      "input image: element 5 is null, which is no FP32",
    ],
    [
      "a number that is infinite in float32",
      JSON.stringify(image({ data: data.with(0, 1e39) })),
      "input image: element 0 is Infinity, not a finite number",
    ],
    ["an unknown output", { ...image({}), outputs: [{ name: "x" }] }, 'the model has no output "x"'],
    [
      "an output that is asked for again and again",
      { ...image({}), outputs: Array(5000).fill({ name: "mean" }) },
      'output "mean" is asked for twice',
    ],
    [
      "classification",
      { ...image({}), outputs: [{ name: "mean", parameters: { classification: 2 } }] },
      "output mean: classification is not supported",
    ],
    [
      "shared memory",
      image({ data: undefined, parameters: { shared_memory_region: "r", shared_memory_byte_size: 3136 } }),
      "input image: shared memory is not supported",
    ],
    [
      "a timeout that is none",
      { ...image({}), parameters: { timeout: -1 } },
      "the request: timeout is -1, which is no number of microseconds",
    ],
    [
      "parameters that are none",
      { ...image({}), parameters: [] },
      "the request: parameters is no JSON object",
    ],
  ])("%s", async (_what, body, error) => {
    const { status, json } = await server.post(`${encoder}/infer`, body);
    expect({ status, json }).toEqual({
      status: 400,
      json: { error: typeof error === "string" ? error : expect.stringMatching(error) },
    });
  });

  const bytes = new Uint8Array(Float32Array.from(data).buffer);
  const binary = (size: unknown, changes: object = {}) => ({
    inputs: [{ ...noData, parameters: { binary_data_size: size }, ...changes }],
  });

  test.each<[string, unknown, Uint8Array, string]>([
    [
      "a size that does not fit the shape",
      binary(4),
      bytes,
      "input image of shape [1,1,28,28] has 3136 bytes, and binary_data_size is 4",
    ],
    [
      "a size that is no number",
      binary("3136"),
      bytes,
      'input image of shape [1,1,28,28] has 3136 bytes, and binary_data_size is "3136"',
    ],
    [
      "too few bytes",
      binary(3136),
      bytes.subarray(0, 100),
      "input image: binary_data_size is 3136, and 100 bytes are left of the body",
    ],
    [
      "bytes left over",
      binary(3136),
      Buffer.concat([bytes, bytes]),
      "3136 bytes of the body belong to no input",
    ],
    ["data twice", binary(3136, { data }), bytes, "input image has both data and binary_data_size"],
    [
      "NaN",
      binary(3136),
      new Uint8Array(Float32Array.from(data).fill(Number.NaN, 9, 10).buffer),
      "input image: element 9 is NaN, not a finite number",
    ],
  ])("binary tensors: %s", async (_what, json, data, error) => {
    const { body, headers } = binaryRequest(json, data);
    const answer = await server.post(`${encoder}/infer`, body, headers);
    expect({ status: answer.status, json: answer.json }).toEqual({ status: 400, json: { error } });
  });

  test.each(["-1", "1e3", "x", "99999999"])("a header length of %j", async (length) => {
    const answer = await server.post(`${encoder}/infer`, "{}", { "inference-header-content-length": length });
    expect(answer).toMatchObject({
      status: 400,
      json: { error: expect.stringContaining("Inference-Header-Content-Length is") },
    });
  });

  test("no body, a body too large, and too many elements", async () => {
    const empty = await server.post(`${encoder}/infer`);
    expect(empty).toMatchObject({ status: 400, json: { error: "the request has no body" } });
    const large = await server.post(`${encoder}/infer`, " ".repeat(400_000));
    expect(large).toMatchObject({ status: 413, json: { error: expect.any(String) } });
    const zeros = new Uint8Array(9 * 784 * 4);
    const inputs = [
      {
        name: "image",
        shape: [9, 1, 28, 28],
        datatype: "FP32",
        parameters: { binary_data_size: zeros.length },
      },
    ];
    const { body, headers } = binaryRequest({ inputs }, zeros);
    const many = await server.post(`${encoder}/infer`, body, headers);
    expect(many).toMatchObject({
      status: 413,
      json: { error: "tiny-encoder: 7056 elements in one request, and at most 6272 are taken" },
    });
  });

  test("an answer that would be too large, in JSON sooner", async () => {
    const decoder = "/v2/models/tiny-decoder";
    const [{ name, shape }] = (await server.get(decoder)).json.inputs as [{ name: string; shape: number[] }];
    const decode = async (rows: number, parameters = {}) => {
      const input = {
        name,
        shape: [rows, shape[1]],
        datatype: "FP32",
        data: Array(rows * shape[1]!).fill(0),
      };
      const { status, json } = await server.post(`${decoder}/infer`, { inputs: [input], parameters });
      return status === 200 ? status : [status, json.error];
    };
    const binary = { binary_data_output: true };
    expect(await decode(1)).toBe(200);
    expect(await decode(2)).toEqual([
      413,
      "tiny-decoder: 1568 elements of JSON in the answer, and at most 784 are sent so: ask for binary data",
    ]);
    expect(await decode(8, binary)).toBe(200);
    const { count } = server.service.model("tiny-decoder").statistics.success;
    for (const parameters of [{}, binary])
      expect(await decode(9, parameters)).toEqual([
        413,
        "tiny-decoder: 7056 elements in the answer, and at most 6272 are sent",
      ]);
    // What is known before is not even run.
    expect(server.service.model("tiny-decoder").statistics.success.count).toBe(count);
  });

  test("404 for a model that there is not, and for another method", async () => {
    expect(await server.post("/v2/models/none/infer", "{}")).toMatchObject({ status: 404 });
    expect(await server.get(`${encoder}/infer`)).toMatchObject({ status: 404 });
  });
});

describe("statistics", () => {
  test("count requests, rows and runs, in Triton's shape", async () => {
    const stats = async () => {
      const { json } = await server.get(`${encoder}/versions/1/stats`);
      return (json.model_stats as [Record<string, unknown>])[0];
    };
    const before = await stats();
    await server.post(`${encoder}/infer`, encodeRequest(1, 2, 3));
    const after = await stats();
    const more = (key: string) => Number(after[key]) - Number(before[key]);
    expect([more("inference_count"), more("execution_count")]).toEqual([3, 1]);
    expect(after).toMatchObject({
      name: "tiny-encoder",
      version: "1",
      last_inference: expect.any(Number),
      inference_stats: {
        success: { count: expect.any(Number), ns: expect.any(Number) },
        fail: { count: expect.any(Number) },
        queue: {},
        compute_input: {},
        compute_infer: {},
        compute_output: {},
      },
      batch_stats: expect.arrayContaining([expect.objectContaining({ batch_size: 3 })]),
    });
    const all = await server.get("/v2/models/stats");
    expect(all.json.model_stats).toMatchObject([{ name: "tiny-encoder" }, { name: "tiny-decoder" }]);
  });
});
