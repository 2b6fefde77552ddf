/** Which devices work here, found out by running a model on each, and what to do about the others. */
import { fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import type { Provider } from "./host/host.ts";

export interface Diagnosis {
  readonly device: Provider;
  readonly works: boolean;
  /** What was found: threads, or why it does not work. */
  readonly finding: string;
  /** What to do to make it work; null where it does. */
  readonly advice: string | null;
}

/** What a probe answers over its channel: nothing but null where the model ran. */
export type ProbeAnswer = { readonly error: string | null };

const advice: { readonly [P in Provider]: string } = {
  cpu: "reinstall onnxruntime-node for this platform: npm install onnxruntime-node",
  webgpu:
    "install a Vulkan driver and loader (Debian: libvulkan1 and mesa-vulkan-drivers), or use a machine with a GPU",
  cuda: "on a machine with an NVIDIA GPU, fetch the provider: node node_modules/onnxruntime-node/script/install --onnxruntime-node-install=cuda12",
};

/** Tries every device, each in a process of its own: a driver that crashes takes only that with it. */
export async function diagnose(): Promise<Diagnosis[]> {
  return Promise.all((Object.keys(advice) as Provider[]).map(diagnoseOne));
}

async function diagnoseOne(device: Provider): Promise<Diagnosis> {
  const error = await probe(device);
  if (error !== null) return { device, works: false, finding: error, advice: advice[device] };
  const finding = device === "cpu" ? `${availableParallelism()} threads` : "ran a model";
  return { device, works: true, finding, advice: null };
}

/** Runs one small model on the device in a child process; null, or what went wrong. */
function probe(device: Provider): Promise<string | null> {
  const script = new URL(
    import.meta.url.endsWith(".ts") ? "./host/probe.ts" : "./host/probe.js",
    import.meta.url,
  );
  return new Promise((resolve) => {
    const child = fork(fileURLToPath(script), [device], {
      stdio: ["ignore", "ignore", "ignore", "ipc"],
      timeout: 30_000,
    });
    child.once("message", (answer: ProbeAnswer) => resolve(answer.error));
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => resolve(`the attempt ended with ${signal ?? `exit code ${code}`}`));
  });
}
