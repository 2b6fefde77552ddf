/** Runs TypeScript in Chromium: bundles a module, serves it, and calls from Node what it exports. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname } from "node:path";
import { env } from "node:process";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium, type Page } from "playwright-core";
import { absent } from "./required.ts";

/** The command of a Chromium; or, where there is none, what is missing and how to get it. */
export type Chromium =
  | { readonly command: string; readonly missing?: undefined }
  | { readonly command?: undefined; readonly missing: string };

/** ISTHMUS_CHROMIUM, or Debian's. Throws where it does not exist and ISTHMUS_REQUIRE has `chromium`. */
export function findChromium(): Chromium {
  const command = env.ISTHMUS_CHROMIUM ?? "/usr/bin/chromium";
  if (existsSync(command)) return { command };
  const missing = `${command} does not exist (apt install chromium); ISTHMUS_CHROMIUM can name another`;
  return absent("chromium", missing);
}

/** What a server has beside the page: bytes, a file, or (where both end in a slash) a folder, by its path. */
export type Served = Readonly<Record<string, Uint8Array | URL>>;

export interface PageOptions {
  /** Whether the page is cross-origin isolated, and so may have threads; not unless told. */
  readonly isolated?: boolean;
  /** Modules that it can start as workers: `probe` as `/probe.js`. */
  readonly workers?: Readonly<Record<string, URL>>;
  /** What else it can fetch: what is too large for an argument, packages' files, other pages. */
  readonly files?: Served;
}

/** The functions that a module exports. Arguments and results are plain values and typed arrays. */
type Functions<M> = {
  readonly [K in keyof M as M[K] extends (...args: never) => unknown ? K : never]: M[K] extends (
    ...args: infer A
  ) => infer R
    ? (...args: A) => R
    : never;
};

/** A page that has loaded a module of the type `M`. */
export interface ModulePage<M> {
  /** Calls an exported function. Throws what it throws, or what the page reports as an error meanwhile. */
  readonly call: <K extends keyof Functions<M> & string>(
    name: K,
    ...args: Parameters<Functions<M>[K]>
  ) => Promise<Awaited<ReturnType<Functions<M>[K]>>>;
  /** For what a person does in a page: click, type, look. */
  readonly page: Page;
  /** Where it is served: `http://127.0.0.1:<port>`. */
  readonly origin: string;
  /** Ends the browser. Throws where the page reported an error that no call has thrown. */
  readonly close: () => Promise<void>;
}

/**
 * Opens a module in a browser of its own, as in
 * `openPage<typeof import("./page/probe.ts")>(new URL("page/probe.ts", import.meta.url))`. Throws where there is no
 * Chromium, or the module can't be bundled.
 */
export async function openPage<M>(
  module: URL,
  { isolated = false, workers = {}, files = {} }: PageOptions = {},
): Promise<ModulePage<M>> {
  const { command, missing } = findChromium();
  if (command === undefined) throw new Error(missing);
  const { close: endServer, origin } = await serve(
    { ...(await bundled({ module, ...workers })), ...files },
    isolated,
  );
  const browser = await chromium.launch({ executablePath: command, args: flags }).catch(async (error) => {
    await endServer();
    throw error;
  });
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.stack ?? error.message));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(`${message.text()} (at ${message.location().url})`);
  });
  const requireNone = () => {
    if (errors.length > 0) throw new Error(`${module.pathname} in Chromium: ${errors.splice(0).join("\n")}`);
  };
  await page.goto(origin);
  return {
    call: async (name, ...args) => {
      const result = await page.evaluate(callIn, { name, args: args.map(sendable) }).catch((error) => {
        // A module that fails to load is reported by the page as well; once is enough.
        errors.length = 0;
        throw error;
      });
      requireNone();
      return result as never;
    },
    page,
    origin,
    close: async () => {
      await browser.close();
      await endServer();
      requireNone();
    },
  };
}

// Runs in the page, so it names nothing of this file; `import` here would be rewritten by what runs the tests.
declare const loaded: Promise<Readonly<Record<string, (...args: readonly unknown[]) => unknown>>>;
const callIn = ({ name, args }: { name: string; args: readonly unknown[] }) =>
  loaded.then((module) => module[name]!(...args));

/** Playwright sends typed arrays as such, but Node's Buffers, which protobufjs makes, as objects. */
function sendable(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (value === null || typeof value !== "object" || ArrayBuffer.isView(value)) return value;
  if (Array.isArray(value)) return value.map(sendable);
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, sendable(item)]));
}

// A module that can't be loaded is an error of the call that waits for it.
const HTML = `<!doctype html><link rel="icon" href="data:,"><script>const loaded = import("/module.js");</script>`;

/** WebGPU on a GPU where ISTHMUS_GPU is 1; else on SwiftShader, which Chromium brings along. */
export const flags = [
  "--enable-unsafe-webgpu",
  "--enable-features=Vulkan",
  "--disable-vulkan-surface",
  ...(env.ISTHMUS_GPU === "1" ? [] : ["--use-webgpu-adapter=swiftshader", "--use-vulkan=swiftshader"]),
];

/** The page, the modules with all that they import, and the binaries that ONNX Runtime looks for beside it. */
async function bundled(modules: Readonly<Record<string, URL>>): Promise<Served> {
  const { outputFiles } = await build({
    entryPoints: Object.fromEntries(
      Object.entries(modules).map(([name, module]) => [name, fileURLToPath(module)]),
    ),
    bundle: true,
    splitting: true,
    write: false,
    outdir: "/",
    format: "esm",
    platform: "browser",
    sourcemap: "inline",
    logLevel: "silent",
  });
  const runtime = import.meta.resolve("onnxruntime-web/wasm");
  return {
    "/": new TextEncoder().encode(HTML),
    "/ort/": new URL("./", runtime),
    ...Object.fromEntries(outputFiles.map(({ path, contents }) => [path, contents])),
  };
}

const types: Readonly<Record<string, string>> = {
  "": "text/html; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".css": "text/css",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
  ".json": "application/json",
  ".png": "image/png",
};

async function serve(served: Served, isolated: boolean) {
  const headers = isolated
    ? { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" }
    : {};
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://127.0.0.1").pathname;
    contentOf(served, path).then(
      (content) => {
        const type = types[extname(path)] ?? "application/octet-stream";
        response.writeHead(200, { ...headers, "Content-Type": type }).end(content);
      },
      () => response.writeHead(404, headers).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Rejects where there is nothing of that path. */
async function contentOf(served: Served, path: string): Promise<Uint8Array> {
  const folder = path.slice(0, path.lastIndexOf("/") + 1);
  const found = served[path] ?? served[folder];
  if (found instanceof Uint8Array) return found;
  if (found === undefined) throw new Error(`${path} is not served`);
  return readFile(found.pathname.endsWith("/") ? new URL(path.slice(folder.length), found) : found);
}
