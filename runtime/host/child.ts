/** Starts another script of this folder in a process of its own: what a driver does to that it does to that alone. */
import { type ChildProcess, type ForkOptions, fork } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

const require = createRequire(import.meta.url);

/** @param name the script beside this one, without its ending: `.ts` in a checkout, `.js` where it was built */
export function startScript(name: string, args: readonly string[], options: ForkOptions): ChildProcess {
  const isSource = import.meta.url.endsWith(".ts");
  const path = fileURLToPath(new URL(`./${name}${isSource ? ".ts" : ".js"}`, import.meta.url));
  return fork(path, args, {
    ...options,
    ...(isSource && { execArgv: ["--import", pathToFileURL(require.resolve("tsx")).href] }),
  });
}
