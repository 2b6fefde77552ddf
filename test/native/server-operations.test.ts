/** What an operator expects: tokens, CORS, metrics, logs without secrets, an end that drains, and the command. */
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { Agent, get } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { type BrotliDecompress, brotliCompressSync, createBrotliDecompress } from "node:zlib";
import Fastify, { type RequestPayload } from "fastify";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { InferenceService, inferencePlugin } from "../../runtime/server/index.ts";
import { tensor } from "../../src/ir/tensor.ts";
import { command, isthmus, start } from "../support/cli.ts";
import { binaryRequest, encodeRequest, pixels, type Serving, serve, writeRun } from "../support/serving.ts";
import { sharedFolder } from "../support/tiny.ts";

vi.setConfig({ testTimeout: 120_000 });

const folder = sharedFolder();
const run = join(folder, "tiny");
const encoder = "/v2/models/tiny-encoder";
beforeAll(() => writeRun(run));

describe("a server with a token", () => {
  const lines: string[] = [];
  let server: Serving;
  beforeAll(async () => {
    const logger = pino({ level: "debug" }, { write: (line) => lines.push(line) });
    server = await serve([run], {}, { token: "secret-1", cors: ["https://page.example"], logger });
  });
  afterAll(() => server.app.close());
  const ask = (path: string, headers: Record<string, string> = {}, method = "GET") =>
    fetch(server.url + path, { headers, method });

  test("asks for it everywhere but at the probes", async () => {
    for (const path of ["/v2/health/live", "/v2/health/ready"]) expect((await ask(path)).status).toBe(200);
    for (const authorization of ["", "Bearer secret-2", "Bearer", "Basic secret-1", "Bearer secret-1 x"]) {
      for (const path of ["/v2", encoder, "/metrics", "/v2/models/none"]) {
        const response = await ask(path, { authorization });
        expect([path, response.status]).toEqual([path, 401]);
        expect(response.headers.get("www-authenticate")).toBe("Bearer");
        expect(await response.json()).toEqual({ error: "a bearer token is needed" });
      }
    }
    expect((await ask(encoder, { authorization: "Bearer secret-1" })).status).toBe(200);
  });

  test("lets the pages of some origins ask", async () => {
    const origin = async (name: string) =>
      (await ask("/v2/health/live", { origin: name })).headers.get("access-control-allow-origin");
    expect(await origin("https://page.example")).toBe("https://page.example");
    expect(await origin("https://other.example")).toBeNull();
    const { headers } = await ask("/v2", { origin: "https://page.example" });
    // Where binary tensors begin.
    expect(headers.get("access-control-expose-headers")).toContain("inference-header-content-length");
    const preflight = await ask(
      "/v2",
      { origin: "https://page.example", "access-control-request-method": "POST" },
      "OPTIONS",
    );
    expect(preflight.status).toBe(204);
  });

  test("logs a line a request with its id, and no secret", async () => {
    lines.length = 0;
    const headers = { authorization: "Bearer secret-1", "x-request-id": "mine-1" };
    const response = await ask(`${encoder}?key=secret-1`, headers);
    expect(response.headers.get("x-request-id")).toBe("mine-1");
    const forged = await ask("/v2", { "x-request-id": 'a" b' });
    expect(forged.headers.get("x-request-id")).toMatch(/^[0-9a-f]{8}-[0-9a-z]+$/);
    await expect.poll(() => lines.length).toBe(2);
    expect(JSON.parse(lines[0]!)).toMatchObject({
      reqId: "mine-1",
      method: "GET",
      path: encoder,
      status: 200,
    });
    expect(lines.join()).not.toContain("secret");
  });
});

describe("metrics", () => {
  test("are Triton's, with histograms of batches and of waiting", async () => {
    const server = await serve([run]);
    await server.post(`${encoder}/infer`, encodeRequest(1, 2, 3));
    await server.post(`${encoder}/infer`, { inputs: [] });
    // One that the model is not even asked.
    await server.post(`${encoder}/infer`, "no JSON");
    const { headers, bytes } = await server.get("/metrics");
    expect(headers.get("content-type")).toMatch(/^text\/plain/);
    const value = (name: string) => {
      const [, value] =
        new RegExp(`^${name}{model="tiny-encoder",version="1"[^}]*} (\\S+)$`, "m").exec(bytes.toString()) ??
        [];
      return Number(value);
    };
    expect(value("nv_inference_request_success")).toBe(1);
    expect(value("nv_inference_request_failure")).toBe(2);
    expect(value("nv_inference_count")).toBe(3);
    expect(value("nv_inference_exec_count")).toBe(1);
    expect(value("nv_inference_pending_request_count")).toBe(0);
    expect(value("isthmus_batch_size_sum")).toBe(3);
    expect(value("isthmus_queue_seconds_count")).toBe(1);
    const durations = ["request_duration", "queue_duration", "compute_infer_duration"].map((name) =>
      value(`nv_inference_${name}_us`),
    );
    expect(durations.every((microseconds) => microseconds > 0)).toBe(true);
    await server.app.close();
  });
});

test("the plugin serves below a prefix of another server, whose own routes stay as they are", async () => {
  const service = await InferenceService.open([run], { workers: 1, threads: 1 });
  const app = Fastify();
  app.get("/mine", async () => "mine");
  await app.register(inferencePlugin, { service, prefix: "/ml", token: "t" });
  const { mean } = await service
    .model("tiny-encoder")
    .infer({ image: tensor("float32", [1, 1, 28, 28], Float32Array.from(pixels(1))) });
  expect(mean!.shape).toEqual([1, 2]);
  expect((await app.inject("/mine")).body).toBe("mine");
  expect((await app.inject("/ml/v2/health/live")).json()).toEqual({ live: true });
  expect((await app.inject("/ml/v2")).statusCode).toBe(401);
  const answer = await app.inject({
    method: "POST",
    url: `/ml${encoder}/infer`,
    headers: { authorization: "Bearer t" },
    payload: encodeRequest(1),
  });
  expect(answer.json().outputs[0].data).toEqual(
    Array.from(mean!.data as Float32Array, (value) => expect.closeTo(value, 5)),
  );
  await app.close();
});

test("streams that another server's hook puts in place of bodies are read as Fastify reads them", async () => {
  const service = await InferenceService.open([run], { workers: 1, threads: 1 });
  const app = Fastify();
  const text = JSON.stringify(encodeRequest(1));
  const instead: Readonly<Record<string, (body: RequestPayload) => RequestPayload>> = {
    brotli: (body) => {
      const plain: RequestPayload = createBrotliDecompress();
      plain.receivedEncodedLength = 0;
      body.on("data", (chunk: Buffer) => {
        plain.receivedEncodedLength! += chunk.length;
      });
      return body.pipe(plain as BrotliDecompress);
    },
    strings: () => Readable.from([text.slice(0, 9), text.slice(9)]),
    paused: (body) => body.pause(),
    broken: () =>
      new Readable({
        read() {
          this.destroy(Object.assign(new Error("torn"), { statusCode: 200 }));
        },
      }),
  };
  app.addHook("preParsing", async ({ headers }, _reply, body) => instead[String(headers["x-body"])]!(body));
  await app.register(inferencePlugin, { service });
  const ask = async (kind: string, payload: string | Buffer) => {
    const headers = { "x-body": kind };
    const { statusCode, json } = await app.inject({
      method: "POST",
      url: `${encoder}/infer`,
      headers,
      payload,
    });
    return [statusCode, json().error];
  };
  const long = JSON.stringify({ ...encodeRequest(1), id: randomBytes(2 ** 17).toString("hex") });
  expect(await ask("brotli", brotliCompressSync(text))).toEqual([200, undefined]);
  expect(await ask("brotli", brotliCompressSync(long))).toEqual([200, undefined]);
  expect(await ask("brotli", brotliCompressSync(Buffer.alloc(2 ** 21)))).toEqual([413, expect.any(String)]);
  expect(await ask("strings", text)).toEqual([200, undefined]);
  expect(await ask("strings", `${text} `)).toEqual([400, expect.stringMatching("Content-Length")]);
  expect(await ask("paused", text)).toEqual([200, undefined]);
  expect(await ask("broken", text)).toEqual([400, "torn"]);
  await app.close();
});

test("addresses that can't be read have their line in the log, and their id", async () => {
  const lines: string[] = [];
  const { app } = await serve([run], {}, { logger: pino({}, { write: (line) => lines.push(line) }) });
  for (const [url, status] of [
    ["/%E9", 400],
    [`/v2/models/${"a".repeat(5000)}`, 414],
  ] as const) {
    const answer = await app.inject({ url, headers: { "x-request-id": "mine" } });
    expect([answer.statusCode, answer.headers["x-request-id"]]).toEqual([status, "mine"]);
    expect(JSON.parse(lines.at(-1)!)).toMatchObject({ reqId: "mine", path: url, status, msg: "request" });
  }
  await app.close();
});

test("a request that does not come to its end keeps no server from ending", async () => {
  const { app, url } = await serve([run], { timeout: 100 });
  app.server.requestTimeout = 100;
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.write(`POST ${encoder}/infer HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n{`);
  await new Promise((resolve) => app.server.once("request", resolve));
  await app.close();
  await closed;
});

test.each(["/api/docs/v2", "/ml/"])(
  "a token is asked for below the prefix %s, but not by probes and pages",
  async (prefix) => {
    const service = await InferenceService.open([run], { workers: 1, threads: 1 });
    const app = Fastify();
    await app.register(inferencePlugin, { service, prefix, token: "t" });
    const statusOf = async (url: string) => (await app.inject(prefix.replace(/\/$/, "") + url)).statusCode;
    for (const url of ["/v2", encoder, "/runs", "/metrics", "/v2/health"])
      expect([url, await statusOf(url)]).toEqual([url, url === "/v2/health" ? 404 : 401]);
    for (const url of ["/v2/health/ready", "/openapi.json", "/docs"]) expect(await statusOf(url)).toBe(200);
    await app.close();
  },
);

describe("requests of web pages", () => {
  let server: Serving;
  beforeAll(async () => {
    server = await serve([run], {}, { cors: ["https://a.example"] });
  });
  afterAll(() => server.app.close());
  const unload = "/v2/repository/models/tiny-decoder/unload";
  const statusOf = async (headers: Record<string, string>) =>
    (await server.post(unload, undefined, headers)).status;

  test("that are neither the server's own nor known are refused, but for what only reads", async () => {
    const origin = "https://b.example";
    for (const headers of [{ origin }, { origin: "null" }, { origin: "https://a.example.b.example" }]) {
      const { status, json } = await server.post(unload, undefined, headers);
      expect([status, json.error]).toEqual([
        403,
        expect.stringContaining(`pages of "${headers.origin}" may not ask`),
      ]);
    }
    expect(await server.get("/v2/models/tiny-decoder/ready")).toMatchObject({ status: 200 });
    expect((await fetch(`${server.url}/v2`, { headers: { origin } })).status).toBe(200);
  });

  test("that are known, the server's own or of no browser are answered", async () => {
    const { host } = new URL(server.url);
    // Behind a proxy the server does not know its own name: the browser does.
    const own = { origin: "https://proxy.example", "sec-fetch-site": "same-origin" };
    for (const headers of [{ origin: "https://a.example" }, { origin: `http://${host}` }, own, {}])
      expect(await statusOf(headers as Record<string, string>)).toBe(200);
    const sibling = { origin: `http://${host}`, "sec-fetch-site": "same-site" };
    expect(await statusOf(sibling)).toBe(403);
  });
});

test("a server that is about to end says that it is not ready, answers what comes yet, and keeps no connection", async () => {
  const server = await serve([run], { maxDelay: 1000 });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ready = () =>
    new Promise<unknown>((resolve, reject) => {
      get(`${server.url}/v2/health/ready`, { agent }, (response) => {
        response.resume().once("end", () => resolve([response.statusCode, response.headers.connection]));
      }).once("error", reject);
    });
  expect(await ready()).toEqual([200, "keep-alive"]);
  const asked = server.post(`${encoder}/infer`, encodeRequest(1));
  await expect.poll(() => server.service.model("tiny-encoder").waiting).toBe(1);
  server.service.announceEnd();
  expect(await ready()).toEqual([503, "close"]);
  const late = await server.post(`${encoder}/infer`, encodeRequest(2));
  expect([late.status, late.headers.get("connection")]).toEqual([200, "close"]);
  await server.app.close();
  expect((await asked).status).toBe(200);
  agent.destroy();
});

test.each([
  ["ahead of Fastify", ""],
  ["by way of it", "?x"],
])("a client that reads nothing of a large answer loses it: %s", async (_way, query) => {
  const server = await serve([run]);
  server.app.server.requestTimeout = 1000;
  const { port } = new URL(server.url);
  const { shape } = server.service.model("tiny-decoder").inputs[0]!;
  const codes = new Uint8Array(2000 * 4 * Number(shape[1]));
  const inputs = [
    {
      ...{ name: "latent", shape: [2000, shape[1]], datatype: "FP32" },
      parameters: { binary_data_size: codes.length },
    },
  ];
  // More than the system holds: 6 MB, twice.
  const { body, headers } = binaryRequest({ inputs, parameters: { binary_data_output: true } }, codes);
  const head = Object.entries({ host: "x", ...headers, "content-length": body.length });
  const socket = connect(Number(port), "127.0.0.1").pause();
  for (let i = 0; i < 2; i++) {
    socket.write(`POST /v2/models/tiny-decoder/infer${query} HTTP/1.1\r\n`);
    socket.write(`${head.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`);
    socket.write(body);
  }
  socket.on("error", () => {});
  const connections = () =>
    new Promise<number>((resolve) => {
      server.app.server.getConnections((_error, count) => resolve(count));
    });
  await expect.poll(connections).toBe(1);
  await expect.poll(connections, { timeout: 20_000, interval: 200 }).toBe(0);
  socket.destroy();
  await server.app.close();
});

test("closing answers what was asked before", async () => {
  const server = await serve([run], { maxDelay: 1000 });
  const asked = Array.from({ length: 5 }, (_, number) =>
    server.post(`${encoder}/infer`, encodeRequest(number)),
  );
  await expect.poll(() => server.service.model("tiny-encoder").waiting).toBe(5);
  await server.app.close();
  expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
});

describe("isthmus serve", () => {
  test("serves until it is told to end, and then answers what was asked", async () => {
    await writeFile(join(folder, "token"), "secret-3\n");
    const args = [
      "serve",
      run,
      "--port",
      "0",
      "--workers",
      "1",
      "--max-delay-ms",
      "1500",
      "--token-file",
      "token",
    ];
    const { child, ended } = start([...command, ...args], folder);
    let out = "";
    child.stdout!.on("data", (text) => {
      out += text;
    });
    await expect
      .poll(() => /Server listening at (http:\/\/127\.0\.0\.1:\d+)/.exec(out)?.[1], { timeout: 60_000 })
      .toBeDefined();
    const [, url] = /Server listening at (http:\/\/127\.0\.0\.1:\d+)/.exec(out)!;
    const headers = { authorization: "Bearer secret-3" };
    const asked = fetch(`${url}${encoder}/infer`, {
      method: "POST",
      body: JSON.stringify(encodeRequest(1)),
      headers,
    });
    await sleep(300);
    child.kill("SIGTERM");
    expect((await asked).status).toBe(200);
    expect(await ended).toMatchObject({ code: 0, signal: null, stderr: "" });
    expect(out).not.toContain("secret");
    for (const line of out.trim().split("\n")) expect(JSON.parse(line)).toHaveProperty("level");
  });

  test("warns where it can be reached from elsewhere and asks for no token", async () => {
    const { child, ended } = start([...command, "serve", run, "--host", "0.0.0.0", "--port", "0"], folder);
    let out = "";
    child.stdout!.on("data", (text) => {
      out += text;
    });
    await expect.poll(() => out, { timeout: 60_000 }).toContain("Server listening");
    child.kill("SIGTERM");
    await ended;
    const warnings = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line))
      .filter(({ level }) => level > 30);
    expect(warnings).toMatchObject([{ level: 40, msg: expect.stringMatching(/^no token is asked for/) }]);
  });

  test.each([
    [["nowhere"], "error: nowhere: does not exist"],
    [["tiny", "--port", "70000"], /It must be at most 65535\.$/],
    [["tiny", "--max-delay-ms", "-1"], /It must be at least 0\.$/],
    [["tiny", "--max-body-mb", "0"], /It must be at least 0\.001\.$/],
    [["tiny", "--token-file", "run.json"], "error: run.json: does not exist"],
    // An address of documents, which no machine has (RFC 5737).
    [["tiny", "--host", "192.0.2.1"], "error: 192.0.2.1: is no address of this machine"],
  ])("a wrong call is one line: %j", async (args, error) => {
    const { code, stderr } = await isthmus(["serve", ...args], folder);
    expect({ code, stderr: stderr.trim() }).toEqual({
      code: 2,
      stderr: typeof error === "string" ? error : expect.stringMatching(error),
    });
  });

  test("a port that is in use is named", async () => {
    const other = await serve([run]);
    const { port } = new URL(other.url);
    const { code, stderr } = await isthmus(["serve", "tiny", "--port", port], folder);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: `error: port ${port}: is in use: choose another one with --port\n`,
    });
    await other.app.close();
  });
});
