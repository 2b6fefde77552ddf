/** ONNX Runtime in Node. */
import { InferenceSession, Tensor } from "onnxruntime-node";
import type { Host } from "./host.ts";
import { isEmulated, probeInProcess } from "./node-devices.ts";
import { openSession } from "./onnxruntime.ts";

export const nodeHost: Host = {
  devices: ["cuda", "webgpu", "cpu"],
  isEmulated: async (device) => isEmulated(device),
  probe: probeInProcess,
  open: (model, { device = "cpu", ...options }) =>
    openSession({ InferenceSession, Tensor }, model, { device, ...options }),
};
