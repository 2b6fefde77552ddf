/** Servers to measure, each a process of its own. */
import { spawn } from "node:child_process";
import { type AddressInfo, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** The command as it is installed: loaders of TypeScript would be measured along with it. */
const built = fileURLToPath(new URL("../../dist/runtime/cli/main.js", import.meta.url));

export interface Server {
  readonly port: number;
  readonly stop: () => Promise<void>;
}

/** `isthmus serve` with some options. What it logs, a line a request, is written, but to nowhere. */
export function startService(args: readonly string[]): Promise<Server> {
  return started(
    (port) => [process.execPath, built, "serve", ...args, "--port", `${port}`],
    "/v2/health/ready",
  );
}

/** Empty handlers under `/json` and `/binary` that answer so many bytes. */
export function startEmpty(json: number, binary: number): Promise<Server> {
  const script = fileURLToPath(new URL("empty.js", import.meta.url));
  return started((port) => [process.execPath, script, ...[port, json, binary].map(String)], "/");
}

/** Starts a server on a free port, and waits until it answers. */
async function started(call: (port: number) => readonly string[], path: string): Promise<Server> {
  const port = await freePort();
  const [program = "", ...args] = call(port);
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "inherit"] });
  process.once("exit", () => child.kill());
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  while (!(await answers(`http://127.0.0.1:${port}${path}`))) {
    if (child.exitCode !== null) throw new Error("a server ended: its own words are above");
    await sleep(100);
  }
  const stop = async () => {
    child.kill("SIGTERM");
    await ended;
  };
  return { port, stop };
}

function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    ({ status }) => status !== 503,
    () => false,
  );
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
