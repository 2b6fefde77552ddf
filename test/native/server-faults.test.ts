/** What goes wrong on a network and in a process: the service answers with what is wrong, loses nothing, and goes on. */
import { writeFile } from "node:fs/promises";
import { type AddressInfo, connect, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Worker } from "node:worker_threads";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import Fastify from "fastify";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { answerError } from "../../runtime/server/plugin.ts";
import { Uploads } from "../../runtime/server/uploads.ts";
import { type Malformed, malformed, wire } from "../support/malformed.ts";
import { encodeRequest, largeModel, type Serving, serve, writeRun } from "../support/serving.ts";
import { sharedFolder } from "../support/tiny.ts";

vi.setConfig({ testTimeout: 480_000 });

const folder = sharedFolder();
const run = join(folder, "tiny");
const infer = "/v2/models/tiny-encoder/infer";
const portOf = ({ url }: Serving) => Number(new URL(url).port);
beforeAll(() => writeRun(run));

interface Exchanged {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** Sends bytes as they are, and gives what comes back until the connection closes. */
function exchange(server: Serving, { bytes, ends }: Pick<Malformed, "bytes" | "ends">): Promise<Exchanged> {
  return new Promise((resolve, reject) => {
    const socket = connect(portOf(server), "127.0.0.1");
    let text = "";
    socket.setEncoding("utf8").on("data", (chunk) => {
      text += chunk;
    });
    socket.once("close", () => {
      const end = text.indexOf("\r\n\r\n");
      resolve({ status: Number(text.slice(9, 12)), head: text.slice(0, end), body: text.slice(end + 4) });
    });
    // A server that has answered need not read the rest.
    socket.once("error", (error) => (text === "" ? reject(error) : undefined));
    if (ends) socket.end(bytes);
    else socket.write(bytes);
  });
}

/** Bytes that this process still needs: the heap and what lies beside it. */
function memory(): number {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Waits until no more memory is needed than so much: some is given back only a while after nobody uses it any more. */
function settled(bytes: number): Promise<void> {
  return expect.poll(memory, { timeout: 20_000, interval: 500 }).toBeLessThan(bytes);
}

describe("malformed requests", () => {
  const lines: string[] = [];
  let server: Serving;
  beforeAll(async () => {
    const logger = pino({ level: "debug" }, { write: (line) => lines.push(line) });
    server = await serve([run], {}, { token: "secret-9", bodyLimit: 2 ** 20, logger });
  });
  afterAll(() => server.app.close());

  test("10,000 of them are answered with 4xx that say what is wrong, and leave nothing behind", async () => {
    const count = { requests: 0 };
    const statuses = new Map<number, number>();
    const refused = async (request: Malformed) => {
      const { status, head, body } = await exchange(server, request);
      const answer = { what: request.what, status, body };
      expect(answer).toEqual({
        ...answer,
        status: expect.toSatisfy((status) => status >= 400 && status < 500),
      });
      expect(head).toMatch(/^content-type: application\/json/im);
      const { error } = JSON.parse(body) as { readonly error: unknown };
      expect(error).toMatch(/\w+ \w+/);
      // Neither a place on this machine nor in the code, and no more than a line.
      expect(body).not.toMatch(/\/tmp|\/home|node_modules|file:\/\/\/(?!etc)|\.ts:|\.js:|secret|\n/);
      expect(body).not.toContain(folder);
      expect(body.length).toBeLessThan(1000);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      count.requests++;
    };
    const some = (runs: number) =>
      fc.assert(
        fc.asyncProperty(fc.array(malformed, { minLength: 50, maxLength: 50, size: "max" }), (requests) =>
          Promise.all(requests.map(refused)).then(() => {}),
        ),
        { numRuns: runs, endOnFailure: true },
      );
    await some(40);
    const before = memory();
    lines.length = 0;
    await some(160);
    expect(count.requests).toBeGreaterThanOrEqual(10_000);
    expect(statuses.get(400)).toBeGreaterThan(5000);
    const logged = lines.splice(0).map((line) => JSON.parse(line) as { level: number });
    expect(logged.length).toBeGreaterThan(5000);
    expect(logged.filter(({ level }) => level > 30)).toEqual([]);
    expect(JSON.stringify(logged)).not.toContain("secret");
    logged.length = 0;
    await settled(before + 2 ** 25);
    const { status } = await exchange(server, {
      bytes: wire("POST", infer, {}, JSON.stringify(encodeRequest(1))),
      ends: false,
    });
    expect(status).toBe(200);
  });

  test.each([
    [infer, "inputs"],
    ["/encode", "pixels"],
  ])("%s: arrays in arrays without end are not even read", async (path, key) => {
    const many = 2 ** 19;
    const headers = { authorization: "Bearer secret-9", "content-type": "application/json" };
    const { status, json } = await server.post(path, `{"${key}":${"[".repeat(many)}`, headers);
    const error = `the request has ${many + 1} arrays and objects, and at most ${many} are read`;
    expect({ status, json }).toEqual({ status: 413, json: { error } });
  });
});

describe("clients", () => {
  let server: Serving;
  beforeAll(async () => {
    server = await serve([run], { maxDelay: 500, maxQueue: 8, maxBatch: 64 });
  });
  afterAll(() => server.app.close());
  const rowsRun = async () => {
    const { json } = await server.get("/v2/models/tiny-encoder/stats");
    return (json.model_stats as readonly [{ readonly inference_count: number }])[0].inference_count;
  };

  test("more than may wait are refused with 503 and told when to come again; the others are answered", async () => {
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, number) => server.post(infer, encodeRequest(number))),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(8);
    const refused = answers.filter(({ status }) => status === 503);
    expect(refused).toHaveLength(32);
    for (const { headers, json } of refused) {
      expect(headers.get("retry-after")).toBe("1");
      expect(json.error).toBe("too many requests are under way: try again later");
    }
  });

  test("what a client asked that went away is not run", async () => {
    const before = await rowsRun();
    const gone = connect(portOf(server), "127.0.0.1");
    gone.write(wire("POST", infer, {}, JSON.stringify(encodeRequest(1))));
    await expect.poll(() => server.service.model("tiny-encoder").waiting).toBe(1);
    gone.destroy();
    expect(await server.post(infer, encodeRequest(2))).toMatchObject({ status: 200 });
    expect(await rowsRun()).toBe(before + 1);
  });

  test("large bodies are held up to a sum, and those that only announce one keep nobody out", async () => {
    const bodyLimit = 2 ** 20;
    const other = await serve([run], {}, { bodyLimit });
    const body = Buffer.alloc(bodyLimit - 100);
    const head = (length: number) => wire("POST", infer, { "content-length": `${length}` });
    const sockets = (count: number, ...parts: Buffer[]) =>
      Array.from({ length: count }, () => {
        const socket = connect(portOf(other), "127.0.0.1");
        for (const part of parts) socket.write(part);
        return socket;
      });
    const large = () => other.post(infer, body);
    const announced = sockets(40, head(body.length));
    expect((await large()).status).toBe(400);
    // Each but for its last byte.
    const held = sockets(16, head(body.length), body.subarray(1));
    await expect.poll(() => held.every(({ writableLength }) => writableLength === 0)).toBe(true);
    await sleep(500);
    await expect.poll(large, { timeout: 10_000 }).toMatchObject({
      status: 503,
      json: { error: "too many large requests are under way: try again later" },
    });
    expect(await other.post(infer, encodeRequest(1))).toMatchObject({ status: 200 });
    for (const socket of [...held, ...announced]) socket.destroy();
    await expect.poll(large, { timeout: 10_000 }).toMatchObject({ status: 400 });
    // As large once it is decompressed.
    const inflated = gzipSync(body);
    const many = await Promise.all(
      Array.from({ length: 64 }, () => other.post(infer, inflated, { "content-encoding": "gzip" })),
    );
    expect(many.filter(({ status }) => status === 400).length).toBeGreaterThan(0);
    expect(many.filter(({ status }) => status !== 400 && status !== 503)).toEqual([]);
    // What announces a body and goes, wherever nobody reads it, harms nobody; nor does what waits behind another.
    const first = wire("POST", infer, { connection: "keep-alive" }, JSON.stringify(encodeRequest(1)));
    for (const path of ["/sample?count=4", "/encode", infer]) {
      const more = wire(path.startsWith("/sample") ? "GET" : "POST", path, {
        "content-length": `${bodyLimit * 2}`,
        "content-type": "text/plain",
      });
      const chunked = wire("POST", path, { "transfer-encoding": "chunked", "content-length": "" });
      for (const [to, bytes] of [
        [other, more],
        [other, chunked],
        // The first of two takes half a second.
        [server, Buffer.concat([first, more])],
        [server, Buffer.concat([first, chunked])],
      ] as const) {
        const gone = connect(portOf(to), "127.0.0.1").on("error", () => {});
        gone.write(bytes);
        await sleep(50);
        gone.destroy();
      }
    }
    expect(await large()).toMatchObject({ status: 400 });
    expect(await other.post(infer, encodeRequest(1))).toMatchObject({ status: 200 });
    await other.app.close();
  });

  describe("a large body", () => {
    const text = JSON.stringify({ text: "x".repeat(100_000) });

    /** A server that takes sixteen such bodies at once, and waits so many seconds for more of one. */
    async function receiving(patience: number) {
      const uploads = new Uploads(patience);
      const app = Fastify({ bodyLimit: text.length });
      app.addHook("preParsing", (request, reply, body, done) =>
        done(null, uploads.counted(request, reply, body)),
      );
      app.post("/", async ({ body }) => ({ length: (body as { text: string }).text.length }));
      app.setErrorHandler(answerError);
      await app.listen({ host: "127.0.0.1", port: 0 });
      const { port } = app.server.address() as AddressInfo;
      /** Sends the head and some parts, a fifth of the body each; gives the first line and the body of the answer. */
      const send = async (parts: number, pause = 0, head: Readonly<Record<string, string>> = {}) => {
        const socket = connect(port, "127.0.0.1");
        const answer = new Promise<string>((resolve) => {
          let all = "";
          socket.setEncoding("utf8").on("data", (chunk) => {
            all += chunk;
            if (all.endsWith("}")) resolve(all.replace(/\r\n[\s\S]*\r\n/, " "));
          });
        });
        const type = { "content-type": "application/json", "content-length": `${text.length}` };
        socket.write(wire("POST", "/", { ...type, ...head }));
        const size = Math.ceil(text.length / 5);
        for (let part = 0; part < parts; part++) {
          socket.write(text.slice(part * size, (part + 1) * size));
          await sleep(pause);
        }
        return answer.finally(() => socket.destroy());
      };
      return { app, send };
    }

    test("of which no more comes is given up, and makes room; one that comes slowly is not", async () => {
      const { app, send } = await receiving(2);
      const answered = 'HTTP/1.1 200 OK {"length":100000}';
      const gone = 'HTTP/1.1 408 Request Timeout {"error":"no more of the body came for 2 seconds"}';
      expect(await send(5, 600)).toBe(answered);
      const stalled = Array.from({ length: 20 }, (_, i) => send(i === 0 ? 0 : 4));
      await sleep(300);
      expect(await send(5)).toMatch(/^HTTP\/1.1 503 .*too many large requests are under way/);
      expect(await Promise.all(stalled)).toEqual(stalled.map(() => gone));
      expect(await send(5)).toBe(answered);
      await app.close();
    });

    test("that is refused for its head is not waited for", async () => {
      const [begun, ended] = [vi.spyOn(globalThis, "setTimeout"), vi.spyOn(globalThis, "clearTimeout")];
      const { app, send } = await receiving(1234);
      expect(await send(1, 0, { "content-length": `${2 * text.length}` })).toMatch(/^HTTP\/1.1 413 /);
      expect(await send(1, 0, { "content-type": "image/png" })).toMatch(/^HTTP\/1.1 415 /);
      const timers = begun.mock.calls.flatMap(([, delay], i) =>
        delay === 1_234_000 ? [begun.mock.results[i]!.value] : [],
      );
      expect(timers).toHaveLength(2);
      await expect
        .poll(() => timers.every((timer) => ended.mock.calls.some(([at]) => at === timer)))
        .toBe(true);
      vi.restoreAllMocks();
      await app.close();
    });
  });

  test("those that send slowly hold nobody up, and are not waited for without end", async () => {
    const request = wire("POST", infer, {}, JSON.stringify(encodeRequest(1)));
    const slow = Array.from({ length: 200 }, (_, number): Socket => {
      const socket = connect(portOf(server), "127.0.0.1");
      socket.write(request.subarray(0, 20 + 40 * (number % 20)));
      return socket;
    });
    const dribble = setInterval(() => {
      for (const socket of slow) socket.write("x");
    }, 20);
    for (let number = 0; number < 3; number++)
      expect(await server.post(infer, encodeRequest(number))).toMatchObject({ status: 200 });
    clearInterval(dribble);
    for (const socket of slow) socket.destroy();
    const { headersTimeout, requestTimeout } = server.app.server;
    expect([headersTimeout, requestTimeout].every((limit) => limit > 0 && limit <= 60_000)).toBe(true);
  });
});

describe("under load", () => {
  /** Asks without a pause on some connections until `work` is done; gives the answers counted by status. */
  async function asking(server: Serving, connections: number, work: Promise<unknown>) {
    const statuses = new Map<number, number>();
    let isOver = false;
    let asked = 0;
    const clients = Array.from({ length: connections }, async () => {
      while (!isOver) {
        const { status } = await server.post(infer, encodeRequest(asked++));
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    });
    await work.finally(() => {
      isOver = true;
    });
    await Promise.all(clients);
    const answered = [...statuses.values()].reduce((sum, count) => sum + count, 0);
    return { statuses, asked, answered };
  }

  test("workers that are killed are replaced; every request is answered, or failed with 503", async () => {
    const server = await serve([run], { workers: 2 });
    const killed = new Set<Worker>();
    const kill = async () => {
      while (killed.size < 20) {
        await sleep(100);
        const worker = server.service.workerThreads[killed.size % 2];
        if (worker === undefined) continue;
        await worker.terminate();
        killed.add(worker);
      }
    };
    const { statuses, asked, answered } = await asking(server, 8, kill());
    expect(answered).toBe(asked);
    expect([...statuses.keys()].filter((status) => status !== 200 && status !== 503)).toEqual([]);
    expect(statuses.get(200)).toBeGreaterThan(0);
    await expect.poll(() => server.service.workerThreads.length).toBe(2);
    expect(await server.post(infer, encodeRequest(1))).toMatchObject({ status: 200 });
    await server.app.close();
  });

  test("1,000 reloads drop no request, and keep no memory", async () => {
    const server = await serve([run], { watch: 0 });
    const reload = async (times: number) => {
      for (let time = 0; time < times; time++) await server.service.load("tiny-encoder");
    };
    await reload(100);
    const before = memory();
    const { statuses, asked } = await asking(server, 4, reload(1000));
    expect([...statuses]).toEqual([[200, asked]]);
    await settled(before + 2 ** 24);
    await server.app.close();
  });

  test("workers keep no session of what was reloaded", async () => {
    const size = 2 ** 24;
    const file = join(folder, "large.onnx");
    await writeFile(file, largeModel(size));
    const server = await serve([file], { watch: 0, workers: 1 });
    const reload = async (times: number) => {
      for (let time = 0; time < times; time++) await server.service.load("large");
    };
    await reload(10);
    const before = process.memoryUsage().rss;
    await reload(100);
    const grown = () => {
      memory();
      return process.memoryUsage().rss - before;
    };
    await expect.poll(grown, { timeout: 20_000, interval: 500 }).toBeLessThan(12 * size);
    await server.app.close();
  });
});
