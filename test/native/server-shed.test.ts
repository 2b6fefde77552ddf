/** Requests that are refused before Fastify sees them: which, with what answer, and what is told of them. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { performance } from "node:perf_hooks";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { InferenceService } from "../../runtime/server/service.ts";
import { shedding } from "../../runtime/server/shed.ts";

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

/** A server whose model `full` has no room, and which answers what is handed on with a 200. */
async function started(): Promise<(path: string, headers?: Record<string, string>) => Promise<Response>> {
  const service = { shed: vi.fn((name: string) => name === "full") } satisfies Pick<InferenceService, "shed">;
  const listener = shedding((_request, response) => response.end("handed on"), {
    service: service as unknown as InferenceService,
    isAllowed: ({ authorization }) => authorization !== "Bearer wrong",
    isClosing: () => isClosing,
    tell: (refused) => told.push(refused),
  });
  server = createServer(listener);
  await new Promise<void>((resolve) => server!.listen(0, "127.0.0.1", resolve));
  const { port } = server!.address() as AddressInfo;
  return (path, headers = {}) =>
    fetch(`http://127.0.0.1:${port}${path}`, { method: "POST", headers, body: Buffer.alloc(100_000) });
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
    const listener = shedding(() => expect.unreachable(), {
      service: { shed: () => true } as unknown as InferenceService,
      isAllowed: () => true,
      isClosing: () => isClosing,
      tell: () => {},
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
