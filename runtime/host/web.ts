/** ONNX Runtime in a browser. */
import type { Env } from "onnxruntime-common";
import { fail } from "../../src/ir/error.ts";
import { inTurn } from "../turn.ts";
import type { Device, Finding, Host } from "./host.ts";
import { openSession, type Runtime } from "./onnxruntime.ts";
import { tryOut } from "./trial.ts";

/** Where a page has ONNX Runtime from. */
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

/** WebGPU's package takes one call at a time: two at once hang the page, or spoil its memory (ONNX Runtime 1.30). */
const gpuTurn = inTurn();

/** A host over `onnxruntime-web`, loaded when the first session is opened. */
export function webHost({ wasmPaths }: WebHostOptions = {}): Host {
  const host: Host = {
    devices: ["webgpu", "wasm"],
    isEmulated: async (device) => device === "webgpu" && isSoftware(await findAdapter()),
    probe: (device) => probe(host, device),
    open: async (model, { device = "wasm", threads, ...options }) => {
      const load =
        modules[device] ?? fail("device", `there is no ${device} in a browser: choose webgpu or wasm`);
      requireThreads(threads);
      const runtime = await load();
      const { wasm } = runtime.env;
      if (wasmPaths !== undefined) wasm.wasmPaths = wasmPaths;
      // Read once, when the binary is loaded: the first session decides for the page.
      wasm.numThreads ??= threads ?? available();
      if (device !== "webgpu") return openSession(runtime, model, { device, ...options });
      const session = await gpuTurn(() => openSession(runtime, model, { device, ...options }));
      const gpu = await runtime.env.webgpu.device;
      return {
        ...session,
        run: (feeds) => gpuTurn(() => session.run(feeds)).catch((error) => explained(gpu, error)),
        release: () => gpuTurn(session.release),
      };
    },
  };
  return host;
}

/** The part of a `GPUDevice` that tells whether it is gone; TypeScript's DOM library has no WebGPU yet. */
interface Gpu {
  readonly lost: Promise<{ readonly reason: string; readonly message: string }>;
}

const LOSS_MILLISECONDS = 500;

/** Throws that the GPU was lost, if it was; else the error. */
async function explained(gpu: Gpu, error: unknown): Promise<never> {
  // A loss is told of some time after the calls that it fails.
  const wait = new Promise<undefined>((resolve) => setTimeout(resolve, LOSS_MILLISECONDS));
  const loss = await Promise.race([gpu.lost, wait]);
  if (loss === undefined) throw error;
  throw new Error(
    `the GPU was lost (${loss.message || loss.reason}): release all that was opened on it, or reload the page, to use it again`,
  );
}

/** Threads that a page may use: one, unless it is cross-origin isolated and so may share memory. */
function available(): number {
  return globalThis.crossOriginIsolated ? navigator.hardwareConcurrency : 1;
}

const ISOLATION =
  "a cross-origin isolated page: serve it with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp";

function requireThreads(threads: number | undefined): void {
  if (threads === undefined || threads === 1 || globalThis.crossOriginIsolated) return;
  fail("wasm", `${threads} threads need ${ISOLATION}`);
}

function threadsFound(): string {
  return globalThis.crossOriginIsolated ? `${available()} threads` : `1 thread; more need ${ISOLATION}`;
}

/** What a page can see of a device before it loads anything: whether a browser has it, and what it is. */
export async function glance(device: "webgpu" | "wasm"): Promise<Finding> {
  if (device === "wasm") return { works: true, detail: threadsFound() };
  const adapter = await findAdapter();
  if (adapter === null) return { works: false, reason: withoutAdapter(), advice: GPU_ADVICE };
  const { vendor, architecture } = adapter.info ?? {};
  return { works: true, detail: [vendor, architecture].filter(Boolean).join(" ") || "an adapter" };
}

async function probe(host: Host, device: Device): Promise<Finding> {
  const isGpu = device === "webgpu";
  const seen = await glance(isGpu ? device : "wasm");
  const reason = seen.works ? await tryOut(host.open, device) : null;
  return reason === null ? seen : { works: false, reason, advice: isGpu ? GPU_ADVICE : WASM_ADVICE };
}

const GPU_ADVICE = "use a current Chrome, Edge, Safari or Firefox on a machine with a GPU, or choose wasm";
const WASM_ADVICE =
  "serve the .wasm and .mjs files of onnxruntime-web, and say where with webHost({ wasmPaths })";

function withoutAdapter(): string {
  if ("gpu" in navigator) return "the browser found no GPU that it may use";
  if (!globalThis.isSecureContext) return "WebGPU needs a secure page: https, or localhost";
  return "this browser has no WebGPU";
}

/** The part of a `GPUAdapter` that says what it is. */
interface Adapter {
  readonly info?: {
    readonly isFallbackAdapter?: boolean;
    readonly vendor?: string;
    readonly architecture?: string;
  };
}

async function findAdapter(): Promise<Adapter | null> {
  const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<Adapter | null> } };
  return (await gpu?.requestAdapter().catch(() => null)) ?? null;
}

function isSoftware(adapter: Adapter | null): boolean {
  return adapter?.info?.isFallbackAdapter === true || adapter?.info?.architecture === "swiftshader";
}
