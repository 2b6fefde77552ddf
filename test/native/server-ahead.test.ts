/** Requests that are answered or refused before Fastify sees them: which, with what answer, and what is told of them. */
import { writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import type { FastifyBaseLogger } from "fastify";
import { pino } from "pino";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type AheadOptions, ahead } from "../../runtime/server/ahead.ts";
import type { ServedModel } from "../../runtime/server/model.ts";
import {
  binaryRequest,
  encodeRequest,
  pixels,
  type Serving,
  serve,
  slowModel,
  writeRun,
} from "../support/serving.ts";
import { sharedFolder } from "../support/tiny.ts";

const infer = "/v2/models/full/infer";
const told: number[] = [];
let isClosing = false;
let server: Server | undefined;
afterEach(() => {
  server?.close();
  server?.closeAllConnections();
  server = undefined;
  told.length = 0;
  isClosing = false;
});

const options: Omit<AheadOptions, "service"> = {
  bodyLimit: 1e6,
  isAllowed: ({ authorization }) => authorization !== "Bearer wrong",
  isClosing: () => isClosing,
  onAnswer: () => {},
  idOf: () => "id",
  log: () =>
    ({
      warn: ({ refused }: { refused: number }) => told.push(refused),
      info: () => {},
    }) as unknown as FastifyBaseLogger,
};

/** A service of models that have room, or not. */
function serviceOf(isFull: (name: string) => boolean): AheadOptions["service"] {
  const model = (name: string) => ({ name, shed: () => isFull(name) }) as ServedModel;
  return { loaded: model, model };
}

/** A server whose model `full` has no room, and which answers what is handed on with a 200. */
async function started(
  service: AheadOptions["service"] = serviceOf((name) => name === "full"),
): Promise<(path: string, headers?: Record<string, string>, body?: BodyInit) => Promise<Response>> {
  const listener = ahead((_request, response) => response.end("handed on"), { ...options, service });
  server = createServer(listener);
  await new Promise<void>((resolve) => server!.listen(0, "127.0.0.1", resolve));
  const { port } = server!.address() as AddressInfo;
  return (path, headers = {}, body = Buffer.alloc(100_000)) =>
    fetch(`http://127.0.0.1:${port}${path}`, { method: "POST", headers, body });
}

test("inference on a model without room is answered with a 503, and counted once a second", async () => {
  const ask = await started();
  for (let i = 0; i < 3; i++) {
    const response = await ask(infer);
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("1");
    expect(response.headers.get("content-type")).toBe("application/json; charset=utf-8");
    expect(await response.json()).toEqual({ error: "too many requests are under way: try again later" });
  }
  const sum = () => told.reduce((all, refused) => all + refused, 0);
  await expect.poll(sum, { timeout: 5000 }).toBe(3);
  await ask(infer);
  await expect.poll(sum, { timeout: 5000 }).toBe(4);
});

test("all else is handed on: other models, pages, which need headers to read an answer, and what comes at the end", async () => {
  const ask = await started();
  const others = [
    "/v2/models/other/infer",
    "/v2/models/full",
    "/v2/models/full/infer/x",
    "/v2/models/full/versions/9/infer",
    "/encode",
  ];
  for (const path of others) expect(await (await ask(path)).text()).toBe("handed on");
  for (const headers of [{ origin: "https://page.example" }, { authorization: "Bearer wrong" }])
    expect(await (await ask(infer, headers)).text()).toBe("handed on");
  isClosing = true;
  expect(await (await ask(infer)).text()).toBe("handed on");
});

describe("while the thread is busy", () => {
  let utilization = 1;
  let sent: number[] = [];
  let heads: Record<string, string>[] = [];
  let ask: (count: number) => void;
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "setInterval", "clearInterval", "Date"] });
    vi.spyOn(performance, "now").mockImplementation(() => Date.now());
    utilization = 1;
    vi.spyOn(performance, "eventLoopUtilization").mockImplementation(() => ({
      utilization,
      idle: 0,
      active: 0,
    }));
    sent = [];
    heads = [];
    let asked = 0;
    const listener = ahead(() => expect.unreachable(), {
      ...options,
      service: serviceOf(() => true),
    });
    ask = (count) => {
      for (let i = 0; i < count; i++) {
        const number = asked++;
        const request = { method: "POST", url: infer, headers: {}, resume: () => {} };
        const writeHead = (_status: number, headers: Record<string, string>) => {
          heads.push(headers);
          return { end: () => sent.push(number) };
        };
        const response = { writeHead };
        listener(request as unknown as IncomingMessage, response as unknown as ServerResponse);
      }
    };
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });
  const numbers = (count: number) => Array.from({ length: count }, (_, number) => number);

  test("refusals wait for their turn, a few at a time", () => {
    ask(12);
    expect(sent).toEqual([]);
    for (const count of [5, 10, 12]) {
      vi.advanceTimersByTime(5);
      expect(sent).toEqual(numbers(count));
    }
    expect(vi.getTimerCount()).toBe(1);
  });

  test("of many a share goes out, and beyond ten thousand the oldest", () => {
    ask(4000);
    vi.advanceTimersByTime(5);
    expect(sent).toEqual(numbers(20));
    ask(6023);
    expect(sent).toEqual(numbers(23));
  });

  test("those that are held go before others when it is busy no longer, which then go out at once", () => {
    ask(8);
    utilization = 0.5;
    vi.advanceTimersByTime(5);
    ask(1);
    expect(sent).toEqual(numbers(5));
    vi.advanceTimersByTime(50);
    expect(sent).toEqual(numbers(9));
    expect(vi.getTimerCount()).toBe(1);
    ask(1);
    expect(sent).toEqual(numbers(10));
  });

  test("all go out when the server ends, which would wait for their connections", () => {
    ask(1000);
    vi.advanceTimersByTime(5);
    isClosing = true;
    vi.advanceTimersByTime(5);
    expect(sent).toEqual(numbers(1000));
    expect(heads.map(({ connection }) => connection)).toEqual([...Array(5), ...Array(995).fill("close")]);
  });
});

describe("what is answered", () => {
  const folder = sharedFolder();
  const lines: string[] = [];
  let serving: Serving;
  beforeAll(async () => {
    await writeRun(join(folder, "vae"));
    await writeFile(join(folder, "slow.onnx"), slowModel());
    const logger = pino({}, { write: (line) => lines.push(line) });
    const models = [join(folder, "vae"), join(folder, "slow.onnx")];
    serving = await serve(models, {}, { token: "secret", bodyLimit: 50_000, logger });
  });
  afterAll(() => serving.app.close());

  const path = "/v2/models/vae-encoder/infer";
  const authorization = "Bearer secret";
  const image = Float32Array.from(pixels(1));
  const ofImage = { name: "image", shape: [1, 1, 28, 28], datatype: "FP32" };
  const input = { ...ofImage, parameters: { binary_data_size: image.byteLength } };
  const binary = binaryRequest(
    { id: "x", inputs: [input], parameters: { binary_data_output: true } },
    new Uint8Array(image.buffer),
  );
  const gzip = { "content-encoding": "gzip" };
  const json = (...numbers: number[]) => JSON.stringify(encodeRequest(...numbers));
  const ofInput = (changes: object) =>
    JSON.stringify({ inputs: [{ ...ofImage, data: [...image], ...changes }] });
  type Case = readonly [status: number, body: string | Uint8Array, headers?: Record<string, string>];
  const requests: Readonly<Record<string, Case>> = {
    JSON: [200, json(1)],
    "JSON of two images, and one output": [
      200,
      JSON.stringify({ id: "é", ...encodeRequest(1, 2), outputs: [{ name: "mean" }] }),
    ],
    "binary tensors": [200, binary.body, { ...binary.headers, "content-type": "application/octet-stream" }],
    "an id of the client's": [200, json(1), { "x-request-id": "mine.1" }],
    "an id that is none": [200, json(1), { "x-request-id": "a b" }],
    "a content type of its own": [200, json(1), { "content-type": "text/plain; charset=x" }],
    "a content type that is none": [415, json(1), { "content-type": "garbage" }],
    "what is compressed": [200, gzipSync(json(1)), gzip],
    "what is not compressed": [400, json(1), gzip],
    "no JSON": [400, "{"],
    "no object": [400, "[]"],
    nothing: [400, ""],
    // Less than is counted.
    "a body that is too large": [413, json(1, 2, 3, 4)],
    "a shape that is wrong": [400, ofInput({ shape: [1, 784] })],
    "an input that is unknown": [400, ofInput({ name: "picture" })],
    "what is no number": [400, ofInput({ data: Array(784).fill("x") })],
    "a header that lies": [400, binary.body, { "inference-header-content-length": "1000000" }],
    "a header that is no number": [400, binary.body, { "inference-header-content-length": "-1" }],
    "no token": [401, json(1), { authorization: "" }],
  };

  test("are small requests to models that have room, which Fastify does not see", async () => {
    const ask = await started(serving.service);
    const type = { "content-type": "application/json" };
    const response = await ask(path, type, json(1));
    expect(await response.json()).toMatchObject({ model_name: "vae-encoder" });
    expect(response.headers.get("x-request-id")).toBe("id");
    for (const [headers, body] of [
      [type, "x".repeat(70_000)],
      [type, ""],
      [{ "content-type": "garbage" }, json(1)],
      [{ ...type, ...gzip }, gzipSync(json(1))],
    ] as const)
      expect(await (await ask(path, headers, body)).text()).toBe("handed on");
  });

  test.each(Object.entries(requests))("%s: as by way of Fastify", async (_name, [status, body, headers]) => {
    // A query is nothing to it, and makes another address.
    const [first, second] = await Promise.all(
      [path, `${path}?x`].map(async (path) => {
        const sent = { authorization, "content-type": "application/json", ...headers };
        const answer = await serving.post(path, body, sent);
        const { date, "x-request-id": id, ...rest } = Object.fromEntries(answer.headers);
        expect(id).toMatch(headers?.["x-request-id"] === "mine.1" ? /^mine\.1$/ : /^[\da-f]{8}-\d+$/);
        return { status: answer.status, rest, text: answer.bytes.toString("latin1") };
      }),
    );
    expect(first).toEqual(second);
    expect(first?.status).toBe(status);
  });

  test("has its line in the log, whatever became of it", async () => {
    lines.length = 0;
    const headers = { authorization, "content-type": "application/json" };
    for (const body of [json(1), "{}"])
      for (const way of [path, `${path}?x`]) await serving.post(way, body, headers);
    const told = () => lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === "request");
    await expect.poll(told).toHaveLength(4);
    const line = { level: 30, method: "POST", path, reqId: expect.any(String), ms: expect.any(Number) };
    expect(told()).toEqual(
      [200, 200, 400, 400].map((status) => expect.objectContaining({ ...line, status })),
    );
  });

  test.each([
    ["ahead", ""],
    ["by way of Fastify", "?x"],
  ])("%s, whoever has gone is not run, and has a line in the log", async (_way, query) => {
    lines.length = 0;
    const { statistics } = serving.service.model("slow");
    const ended = () => statistics.success.count + statistics.failure.count;
    const [ran, before] = [statistics.success.count, ended()];
    const body = JSON.stringify({ inputs: [{ name: "x", shape: [1, 1], datatype: "FP32", data: [1] }] });
    const head = `POST /v2/models/slow/infer${query} HTTP/1.1\r\nhost: x\r\nauthorization: ${authorization}\r\n`;
    const { port } = serving.app.server.address() as AddressInfo;
    const send = async (announced: number) => {
      const socket = connect(port, "127.0.0.1").on("error", () => {});
      socket.write(`${head}content-length: ${announced}\r\n\r\n${body}`);
      await sleep(50);
      return socket;
    };
    // One runs, one is ready to, one waits, and one is not there whole.
    const sockets = [
      await send(body.length),
      await send(body.length),
      await send(body.length),
      await send(1000),
    ];
    for (const socket of sockets) socket.destroy();
    const statuses = () =>
      lines.map((line) => JSON.parse(line)).flatMap(({ msg, status }) => (msg === "request" ? [status] : []));
    await expect.poll(statuses, { timeout: 20_000 }).toEqual([499, 499, 499, 499]);
    await expect.poll(ended, { timeout: 20_000 }).toBe(before + 3);
    expect(statistics.success.count - ran).toBeLessThan(3);
    expect((await serving.post(path, json(1), { authorization })).status).toBe(200);
  });

  test("is asked of the model that there is when its body has come", async () => {
    const body = JSON.stringify(encodeRequest(1));
    const { port } = serving.app.server.address() as AddressInfo;
    const around = async (change: () => Promise<void>) => {
      const socket = connect(port, "127.0.0.1").setEncoding("utf8");
      const head = `POST ${path} HTTP/1.1\r\nhost: x\r\nauthorization: ${authorization}\r\n`;
      socket.write(`${head}content-length: ${body.length}\r\n\r\n${body.slice(0, 100)}`);
      await sleep(50);
      await change();
      let answer = "";
      socket.on("data", (text) => {
        answer += text;
      });
      socket.write(body.slice(100));
      await expect.poll(() => answer).toMatch(/\}$/);
      socket.destroy();
      return answer;
    };
    const { service } = serving;
    const before = await around(async () => {});
    const after = await around(async () => {
      await writeRun(join(folder, "vae"), 4);
      await service.load("vae-encoder");
    });
    const data = /"data":\[[^\]]*/;
    expect(after).toMatch(data);
    expect(data.exec(after)![0]).not.toBe(data.exec(before)![0]);
    expect(await around(() => service.unload("vae-encoder"))).toMatch(/^HTTP\/1.1 503 .*is not loaded/s);
    await service.load("vae-encoder");
  });

  test("closes its connection where the server ends meanwhile", async () => {
    const other = await serve([join(folder, "slow.onnx")]);
    const body = { inputs: [{ name: "x", shape: [1, 1], datatype: "FP32", data: [1] }] };
    const ask = () => other.post("/v2/models/slow/infer", body, { "content-type": "application/json" });
    const answers = [ask(), sleep(50).then(ask), sleep(100).then(ask)];
    // One runs by then.
    await expect.poll(() => other.service.model("slow").waiting, { interval: 5, timeout: 5000 }).toBe(2);
    const closed = other.app.close();
    for (const { status, headers } of await Promise.all(answers)) {
      expect(status).toBe(200);
      expect(headers.get("connection")).toBe("close");
    }
    await closed;
  });
});
