/** The training's worker, with a GPU that goes away when a message says so. */
interface GpuDevice {
  destroy(): void;
}
const { GPUAdapter } = globalThis as unknown as {
  GPUAdapter: { prototype: { requestDevice(...args: unknown[]): Promise<GpuDevice> } };
};
const { requestDevice } = GPUAdapter.prototype;
GPUAdapter.prototype.requestDevice = async function (...args) {
  const device = await requestDevice.apply(this, args);
  addEventListener("message", ({ data }) => {
    if (data === "lose the GPU") device.destroy();
  });
  return device;
};

import "../../../runtime/browser/train/training.worker.ts";
