/** Which devices work in Node, found out by running a model on each in a process of its own. */
import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { arch, env, platform } from "node:process";
import { startScript } from "./child.ts";
import type { Device, Finding } from "./host.ts";

/** What a probe answers over its channel: nothing but null where the model ran. */
export type ProbeAnswer = { readonly error: string | null };

const advice: Readonly<Record<string, string>> = {
  cpu: "reinstall onnxruntime-node for this platform: npm install onnxruntime-node",
  webgpu:
    "install a Vulkan driver and loader (Debian: libvulkan1 and mesa-vulkan-drivers), or use a machine with a GPU",
  cuda: "on Linux with an NVIDIA GPU, CUDA 12 and cuDNN 9, fetch the provider: make cuda, or node node_modules/onnxruntime-node/script/install --onnxruntime-node-install=cuda12",
};

/** Tries a device in a process of its own, where a driver that crashes takes only that with it. */
export async function probeInProcess(device: Device): Promise<Finding> {
  const error = missing(device) ?? (await run(device));
  if (error === null) return found(device);
  return { works: false, reason: error, advice: advice[device] ?? "choose cpu, cuda or webgpu" };
}

function found(device: Device): Finding {
  if (device === "cpu") return { works: true, detail: `${availableParallelism()} threads` };
  return { works: true, detail: isEmulated(device) ? "ran a model, in software" : "ran a model" };
}

/** What can be seen to be missing without a process. */
function missing(device: Device): string | null {
  return device === "cuda" && !hasCudaProvider() ? "onnxruntime-node's CUDA provider is not installed" : null;
}

function hasCudaProvider(): boolean {
  const root = join(dirname(createRequire(import.meta.url).resolve("onnxruntime-node")), "../bin");
  return readdirSync(root).some((abi) =>
    existsSync(join(root, abi, platform, arch, "libonnxruntime_providers_cuda.so")),
  );
}

/** The manifests in the places that most systems have them. */
function vulkanDrivers(): string[] {
  const named = env.VK_DRIVER_FILES ?? env.VK_ICD_FILENAMES;
  if (named !== undefined) return named.split(":");
  const folders = ["/etc/vulkan/icd.d", "/usr/share/vulkan/icd.d", "/usr/local/share/vulkan/icd.d"];
  return folders.flatMap((folder) => (existsSync(folder) ? readdirSync(folder) : []));
}

/** Whether the GPU can only be the CPU in disguise. */
export function isEmulated(device: Device): boolean {
  if (device !== "webgpu" || platform !== "linux") return false;
  return vulkanDrivers().every((path) => /swiftshader|lvp|llvmpipe/.test(path)) || !hasGpu();
}

/** A render node, or Windows's GPU in WSL. */
function hasGpu(): boolean {
  const nodes = existsSync("/dev/dri") ? readdirSync("/dev/dri") : [];
  return (
    nodes.some((name) => name.startsWith("renderD")) || existsSync("/dev/dxg") || existsSync("/dev/nvidia0")
  );
}

/** Runs one small model on the device in a child process; null, or what went wrong. */
function run(device: Device): Promise<string | null> {
  return new Promise((resolve) => {
    const stdio = ["ignore", "ignore", "ignore", "ipc"] as const;
    const child = startScript("probe", [device], { stdio: [...stdio], timeout: 30_000 });
    child.once("message", (answer: ProbeAnswer) => resolve(answer.error));
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => resolve(`the attempt ended with ${signal ?? `exit code ${code}`}`));
  });
}
