/** ONNX Runtime in a browser. */
import type { Env } from "onnxruntime-common";
import { fail } from "../../src/ir/error.ts";
import type { Device, Finding, Host } from "./host.ts";
import { openSession, type Runtime } from "./onnxruntime.ts";

export interface WebHostOptions {
  /**
   * Where ONNX Runtime's `.wasm` and `.mjs` files lie: the address of a folder, ending in a slash. Without it they are
   * looked for where the bundler put them.
   */
  readonly wasmPaths?: string | undefined;
}

type Module = Runtime & { readonly env: Env };

// Each device's package has its own binary, of 14 to 27 MB: a page that asks for the one never loads the other.
const modules: { readonly [D in Device]?: () => Promise<Module> } = {
  wasm: () => import("onnxruntime-web/wasm"),
  webgpu: () => import("onnxruntime-web/webgpu"),
};

/** A host over `onnxruntime-web`, loaded when the first session is opened. */
export function webHost({ wasmPaths }: WebHostOptions = {}): Host {
  return {
    devices: ["webgpu", "wasm"],
    probe,
    open: async (model, { device = "wasm", threads, ...options }) => {
      const load =
        modules[device] ?? fail("device", `there is no ${device} in a browser: choose webgpu or wasm`);
      requireThreads(threads);
      const runtime = await load();
      const { wasm } = runtime.env;
      if (wasmPaths !== undefined) wasm.wasmPaths = wasmPaths;
      // Read once, when the binary is loaded: the first session decides for the page.
      wasm.numThreads ??= threads ?? available();
      return openSession(runtime, model, { device, ...options });
    },
  };
}

/** Threads that a page may use: one, unless it is cross-origin isolated and so may share memory. */
function available(): number {
  return globalThis.crossOriginIsolated ? navigator.hardwareConcurrency : 1;
}

function requireThreads(threads: number | undefined): void {
  if (threads === undefined || threads === 1 || globalThis.crossOriginIsolated) return;
  fail(
    "wasm",
    `${threads} threads need a cross-origin isolated page: serve it with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp`,
  );
}

async function probe(device: Device): Promise<Finding> {
  if (device === "wasm") return { works: true, isSoftware: false };
  const advice = "use a current Chrome, Edge, Safari or Firefox on a machine with a GPU, or choose wasm";
  // Typed loosely: TypeScript's DOM library has no WebGPU yet.
  const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<Adapter | null> } };
  if (gpu === undefined) {
    const reason = globalThis.isSecureContext
      ? "this browser has no WebGPU"
      : "WebGPU needs a secure page: https, or localhost";
    return { works: false, reason, advice };
  }
  const adapter = await gpu.requestAdapter().catch(() => null);
  if (adapter === null) return { works: false, reason: "the browser found no GPU that it may use", advice };
  const { isFallbackAdapter = false, architecture = "" } = adapter.info;
  return { works: true, isSoftware: isFallbackAdapter || architecture === "swiftshader" };
}

interface Adapter {
  readonly info: { readonly isFallbackAdapter?: boolean; readonly architecture?: string };
}
