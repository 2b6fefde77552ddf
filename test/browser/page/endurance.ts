/** In a page: trainings of many steps, with an eye on what memory they take, and on a device that goes away. */
import { parse } from "../../../graphs/config.ts";
import { describe } from "../../../graphs/families.ts";
import { trainingConfig } from "../../../graphs/training-config.ts";
import type { Device } from "../../../runtime/host/host.ts";
import { webHost } from "../../../runtime/host/web.ts";
import { Trainer } from "../../../runtime/trainer.ts";
import { drawDigits } from "../../../src/data/digits/digits.ts";

const host = webHost({ wasmPaths: "/ort/" });

/** The part of WebGPU that is watched; TypeScript's DOM library has none of it yet. */
interface Gpu {
  readonly GPUAdapter: { readonly prototype: { requestDevice(...args: unknown[]): Promise<GpuDevice> } };
  readonly GPUDevice: { readonly prototype: { createBuffer(...args: unknown[]): object } };
  readonly GPUBuffer: { readonly prototype: { destroy(): void } };
}
interface GpuDevice {
  destroy(): void;
}

const { GPUAdapter, GPUDevice, GPUBuffer } = globalThis as unknown as Gpu;
const devices: GpuDevice[] = [];
const buffers = new Set<object>();
const memories: WebAssembly.Memory[] = [];

/** Notes every GPU device and buffer, and every memory of WebAssembly, that is made from now on. */
export function watch(): void {
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (...args) {
    const device = await requestDevice.apply(this, args);
    devices.push(device);
    return device;
  };
  const { createBuffer } = GPUDevice.prototype;
  GPUDevice.prototype.createBuffer = function (...args) {
    const buffer = createBuffer.apply(this, args);
    buffers.add(buffer);
    return buffer;
  };
  const { destroy } = GPUBuffer.prototype;
  GPUBuffer.prototype.destroy = function () {
    buffers.delete(this);
    destroy.call(this);
  };
  const { Memory } = WebAssembly;
  WebAssembly.Memory = class extends Memory {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      super(descriptor);
      memories.push(this);
    }
  };
}

async function open(device: Device, epochs: number): Promise<Trainer> {
  const { images } = drawDigits(100, 1);
  const model = describe({ family: "vae", image: images.image, hidden: [16], latent: 2 });
  const config = parse(trainingConfig, { batch: 8, epochs }, "training");
  const data = { train: images.slice(0, 80), validation: images.slice(80) };
  return Trainer.open(model, config, data, { host, device });
}

/** What is taken at some step. */
export interface Taken {
  readonly step: number;
  /** GPU buffers that were made and not destroyed. */
  readonly buffers: number;
  /** Bytes of WebAssembly's memories. */
  readonly wasm: number;
}

/** Trains, ten steps an epoch with validation and a checkpoint after each, and tells what is taken after each. */
export async function train(device: Device, epochs: number): Promise<Taken[]> {
  const trainer = await open(device, epochs);
  const taken: Taken[] = [];
  const note = (step: number) =>
    taken.push({
      step,
      buffers: buffers.size,
      wasm: memories.reduce((bytes, { buffer }) => bytes + buffer.byteLength, 0),
    });
  for await (const { epoch, validation } of trainer.train()) {
    if (validation === null) continue;
    await trainer.checkpoint();
    note(10 * epoch);
  }
  await trainer.release();
  note(10 * epochs + 1);
  return taken;
}

/** Trains until the GPU is gone in the middle of the third epoch; returns the error and the checkpoint that is left. */
export async function lose(): Promise<{ message: string; epoch: number; step: number; isWhole: boolean }> {
  const trainer = await open("webgpu", 5);
  try {
    for await (const { epoch, step, validation } of trainer.train()) {
      if (validation !== null) await trainer.checkpoint();
      if (epoch === 3 && step >= 1) for (const device of devices) device.destroy();
    }
  } catch (error) {
    const { state, position } = trainer.lastCheckpoint;
    const isWhole = Object.values(state).every(({ data }) => (data as Float32Array).every(Number.isFinite));
    return { message: (error as Error).message, ...position, isWhole };
  }
  throw new Error("the training went on without a device");
}
