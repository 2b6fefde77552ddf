/** In a page: the work of the devices' matrix. */
import type { Device } from "../../../runtime/host/host.ts";
import { webHost } from "../../../runtime/host/web.ts";
import type { Tensors } from "../../../src/ir/tensor.ts";
import * as work from "../../support/devices/work.ts";

const host = webHost({ wasmPaths: "/ort/" });

export const runModel = (device: Device, model: Uint8Array, feeds: Tensors) =>
  work.runModel(host, device, model, feeds);

export const takeSteps = (device: Device, job: work.Job) => work.takeSteps(host, device, job);

export const trainEpoch = (device: Device, job: work.Job, saved: work.Saved) =>
  work.trainEpoch(host, device, job, saved);
