/** The service's log where nobody reads it, and where there is no room for it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { createRequire } from "node:module";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";

const loader = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
const module = new URL("../../runtime/cli/log.ts", import.meta.url).href;

/** Lines that are logged, which are 32 MB together, and how much memory they may take, in MB. */
const LINES = 64_000;
const MOST = 24;

/** A process that logs many lines, and says on standard error how much memory it then needs, in MB. */
function logging(stdout: "pipe" | number): ChildProcess {
  const script = `
    import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises";
    import { serviceLog } from ${JSON.stringify(module)};
    const { logger: log } = serviceLog("info");
    const needed = () => { gc(); const { heapUsed, external } = process.memoryUsage(); return heapUsed + external; };
    const before = needed();
    for (let line = 0; line < ${LINES}; line++) {
      log.info({ line, filling: "-".repeat(400) }, "a line");
      if (line % 100 === 0) await turn();
    }
    await sleep(300);
    console.error((needed() - before) / 2 ** 20);
  `;
  const args = ["--expose-gc", "--import", loader, "--input-type=module", "-e", script];
  return spawn(process.execPath, args, { stdio: ["ignore", stdout, "pipe"] });
}

test("what nobody reads is dropped beyond a few megabytes, and counted when somebody does", async () => {
  const child = logging("pipe");
  const [said] = await once(child.stderr!, "data");
  expect(Number(String(said))).toBeLessThan(MOST);
  const read = (await text(child.stdout!)).trimEnd().split("\n");
  const lines = read.map((line) => JSON.parse(line) as { readonly line?: number; readonly dropped?: number });
  const dropped = lines.reduce((sum, { dropped = 0 }) => sum + dropped, 0);
  expect(dropped).toBeGreaterThan(LINES / 2);
  expect(dropped + lines.filter(({ line }) => line !== undefined).length).toBe(LINES);
});

test.skipIf(process.platform !== "linux")(
  "a disk that is full ends neither the process nor its end",
  async () => {
    const child = logging(openSync("/dev/full", "w"));
    const said = text(child.stderr!);
    expect(await once(child, "close")).toEqual([0, null]);
    expect(Number(await said)).toBeLessThan(MOST);
  },
);
