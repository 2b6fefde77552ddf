/** In a page: runs models that Node sends, and fails when told to. */
import type { Device } from "../../../runtime/host/host.ts";
import { webHost } from "../../../runtime/host/web.ts";
import { Session } from "../../../runtime/session.ts";
import { type Tensor, tensor } from "../../../src/ir/tensor.ts";

const host = webHost({ wasmPaths: "/ort/" });

/** Runs a model from `x` to `y` once. */
export async function run(
  device: Device,
  threads: number,
  model: Uint8Array,
  x: Float32Array,
): Promise<Tensor> {
  const session = await Session.load(model, "probe", host, { device, threads });
  const { y } = await session.run({ x: tensor("float32", [x.length], x) });
  await session.release();
  return y!;
}

export const isIsolated = () => globalThis.crossOriginIsolated;

export function fail(how: "thrown" | "reported"): void {
  if (how === "thrown") throw new Error("it was thrown");
  console.error("it was reported");
}
