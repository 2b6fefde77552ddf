/** Starts another script beside one, in a process of its own: what a driver does to that it does to that alone. */
import { type ChildProcess, type ForkOptions, fork } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

const require = createRequire(import.meta.url);

/** A script as Node starts it, in a process or a thread. */
export interface Script {
  readonly path: string;
  /** What Node needs to run it: a loader where it is TypeScript. */
  readonly execArgv?: string[];
}

/**
 * The script beside another one.
 * @param from the other's `import.meta.url`
 * @param name without its ending: `.ts` in a checkout, `.js` where it was built
 */
export function scriptBeside(from: string, name: string): Script {
  const isSource = from.endsWith(".ts");
  return {
    path: fileURLToPath(new URL(`./${name}${isSource ? ".ts" : ".js"}`, from)),
    ...(isSource && { execArgv: ["--import", loader()] }),
  };
}

/** What has Node read TypeScript: in threads, too, where importing `tsx` by its name changes nothing. */
function loader(): string {
  // By its place beside the package's entry: `require` finds another build of `tsx/esm/api`, for CommonJS.
  const api = new URL("./esm/api/index.mjs", pathToFileURL(require.resolve("tsx"))).href;
  return `data:text/javascript,import { register } from ${JSON.stringify(api)}; register();`;
}

/** Starts a script of this folder. */
export function startScript(name: string, args: readonly string[], options: ForkOptions): ChildProcess {
  const { path, ...rest } = scriptBeside(import.meta.url, name);
  return fork(path, args, { ...options, ...rest });
}
