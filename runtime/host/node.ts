/** ONNX Runtime in Node. */
import { arch, env, platform } from "node:process";
import { InferenceSession, Tensor } from "onnxruntime-node";
import type { Host } from "./host.ts";
import { isEmulated, probeInProcess } from "./node-devices.ts";
import { openSession } from "./onnxruntime.ts";

// An NVIDIA GPU would else round what it multiplies to 10 bits, and no loss would agree with another device's.
env.NVIDIA_TF32_OVERRIDE ??= "0";

/** ONNX Runtime's package for Node: on CUDA (Linux on x64), WebGPU, or the CPU, which always works. */
export const nodeHost: Host = {
  devices: platform === "linux" && arch === "x64" ? ["cuda", "webgpu", "cpu"] : ["webgpu", "cpu"],
  isEmulated: async (device) => isEmulated(device),
  probe: probeInProcess,
  open: (model, { device = "cpu", ...options }) =>
    openSession({ InferenceSession, Tensor }, model, { device, ...options }),
};
