/** Requests that are refused before Fastify sees them: which, with what answer, and what is told of them. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test, vi } from "vitest";
import type { InferenceService } from "../../runtime/server/service.ts";
import { shedding } from "../../runtime/server/shed.ts";

const infer = "/v2/models/full/infer";
const told: number[] = [];
let isClosing = false;
let server: Server;
afterEach(() => {
  server.close();
  server.closeAllConnections();
  told.length = 0;
  isClosing = false;
});

/** A server whose model `full` has no room, and which answers what is handed on with a 200; it ends after `last` refusals. */
async function started(
  last = Number.POSITIVE_INFINITY,
): Promise<(path: string, headers?: Record<string, string>) => Promise<Response>> {
  const shed = vi.fn((name: string) => {
    isClosing = shed.mock.calls.length >= last;
    return name === "full";
  });
  const service = { shed } satisfies Pick<InferenceService, "shed">;
  const listener = shedding((_request, response) => response.end("handed on"), {
    service: service as unknown as InferenceService,
    isAllowed: ({ authorization }) => authorization !== "Bearer wrong",
    isClosing: () => isClosing,
    tell: (refused) => told.push(refused),
  });
  server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
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

test("refusals wait for their turn while the thread is busy, and come when it is not", async () => {
  const ask = await started(60);
  const spin = (milliseconds: number) => {
    for (const end = performance.now() + milliseconds; performance.now() < end; );
  };
  spin(1000);
  const asked = performance.now();
  const asking = Promise.all(Array.from({ length: 60 }, () => ask(infer)));
  const refused = await asking;
  expect(refused.map(({ status }) => status)).toEqual(Array(60).fill(503));
  // Or the end of the server would wait for their connections.
  expect(refused.at(-1)!.headers.get("connection")).toBe("close");
  // Five at a time, every five milliseconds: it is on purpose that they take so long.
  expect(performance.now() - asked).toBeGreaterThan(50);
});
