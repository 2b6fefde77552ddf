/** Servers to measure, each a process of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { command } from "../../test/support/cli.ts";

export interface Server {
  readonly port: number;
  readonly stop: () => Promise<void>;
}

/** `isthmus serve` with some options. */
export function startService(args: readonly string[]): Promise<Server> {
  const [node = "", ...rest] = command;
  return started(
    spawn(node, [...rest, "serve", ...args, "--port", "0"], { stdio: ["ignore", "pipe", "inherit"] }),
  );
}

/** Empty handlers under `/json` and `/binary` that answer so many bytes. */
export function startEmpty(json: number, binary: number): Promise<Server> {
  const script = fileURLToPath(new URL("empty.ts", import.meta.url));
  const [node = "", ...rest] = command.slice(0, -1);
  return started(
    spawn(node, [...rest, script, `${json}`, `${binary}`], { stdio: ["ignore", "pipe", "inherit"] }),
  );
}

/** Waits for the line that says where a server listens. */
async function started(child: ChildProcess): Promise<Server> {
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const lines = createInterface({ input: child.stdout! });
  const port = await new Promise<number>((resolve, reject) => {
    lines.on("line", (line) => {
      const [, port] = /listening at http:\/\/[^:]+:(\d+)/.exec(line) ?? [];
      if (port !== undefined) resolve(Number(port));
    });
    void ended.then(() => reject(new Error("a server ended before it listened: its own words are above")));
  });
  const stop = async () => {
    child.kill("SIGTERM");
    await ended;
  };
  return { port, stop };
}
