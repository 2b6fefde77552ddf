/** The engine that suits each device. */
import type { Device } from "../host/host.ts";
import type { OpenEngine } from "./engine.ts";
import { openLoop } from "./loop.ts";
import { openSteps } from "./steps.ts";

export const engines: { readonly [D in Device]: OpenEngine } = {
  cpu: openLoop,
  wasm: openLoop,
  cuda: openLoop,
  webgpu: openSteps,
};
