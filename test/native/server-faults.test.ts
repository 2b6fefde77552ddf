/** What goes wrong on a network and in a process: the service answers with what is wrong, loses nothing, and goes on. */
import { rename, writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Malformed, malformed, wire } from "../support/malformed.ts";
import { binaryRequest, encodeRequest, halfOf, type Serving, serve, writeRun } from "../support/serving.ts";
import { sharedFolder } from "../support/tiny.ts";

vi.setConfig({ testTimeout: 240_000 });

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
    expect(memory() - before).toBeLessThan(2 ** 25);
    const { status } = await exchange(server, {
      bytes: wire("POST", infer, {}, JSON.stringify(encodeRequest(1))),
      ends: false,
    });
    expect(status).toBe(200);
  });
});
