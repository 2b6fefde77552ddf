/** Runs the command `isthmus` as a process of its own, from the checkout's TypeScript. */
import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

const main = fileURLToPath(new URL("../../runtime/cli/main.ts", import.meta.url));
const loader = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;

/** What a shell would be given to run the command. */
export const command: readonly string[] = [process.execPath, "--import", loader, main];

export interface Ended {
  /** Null where a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Settles when standard error has a line that fits, or the process has ended without one. */
  readonly saying: (pattern: RegExp) => Promise<void>;
}

/** Starts a program in `cwd`. */
export function start([program = "", ...args]: readonly string[], cwd: string): Started {
  const child = spawn(program, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      said[name] += text;
    });
  }
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code, signal, ...said }));
  });
  const saying = (pattern: RegExp) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (pattern.test(said.stderr)) resolve();
      };
      child.stderr.on("data", look);
      child.once("close", () => resolve());
      look();
    });
  return { child, ended, saying };
}

/** Runs `isthmus <args>` in `cwd` to its end. */
export function isthmus(args: readonly string[], cwd: string): Promise<Ended> {
  return start([...command, ...args], cwd).ended;
}
