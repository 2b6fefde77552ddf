/** Sessions over any of ONNX Runtime's JavaScript packages: they share one interface, `onnxruntime-common`. */
import type { InferenceSession, Tensor as OrtTensor, TensorConstructor } from "onnxruntime-common";
import { type ArrayOf, type DType, isDType } from "../../src/ir/dtype.ts";
import { fail } from "../../src/ir/error.ts";
import type { Tensor } from "../../src/ir/tensor.ts";
import type { Device, DeviceTensor, HostSession, Placed, Port, SessionOptions } from "./host.ts";
import { isOnHost } from "./host.ts";

/** The part of a package that a session needs. */
export interface Runtime {
  readonly InferenceSession: { create: typeof InferenceSession.create };
  readonly Tensor: TensorConstructor;
}

/** The tensors that a session kept on the device, and the package's own for each. */
const kept = new WeakMap<DeviceTensor, OrtTensor>();

/** A device as ONNX Runtime is told of it. */
export function providersOf(device: Device): InferenceSession.ExecutionProviderConfig[] {
  // In the other layout, which is the default, grouped convolutions come out wrong (ONNX Runtime 1.30).
  return [device === "webgpu" ? { name: device, preferredLayout: "NCHW" } : device];
}

/** Opens a model with a package, on the execution provider that the device is called after. */
export async function openSession(
  { InferenceSession, Tensor }: Runtime,
  model: Uint8Array,
  { device, threads, keep }: SessionOptions & { readonly device: Device },
): Promise<HostSession> {
  const session = await InferenceSession.create(model, {
    executionProviders: providersOf(device),
    // Errors are thrown; printed by ONNX Runtime as well they would be there twice.
    logSeverityLevel: 4,
    // Moments of weights that no image touches decay into denormals, on which a CPU is ten times slower: 74,000 of
    // 313,600 in the first layer after five epochs of MNIST, and every step took twice as long.
    extra: { session: { set_denormal_as_zero: "1" } },
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
    ...(keep === undefined
      ? {}
      : { preferredOutputLocation: Object.fromEntries(keep.map((name) => [name, "gpu-buffer" as const])) }),
  });
  const toOrt = (tensor: Tensor | DeviceTensor): OrtTensor => {
    // Wraps the same memory: nothing is copied on the way in or out.
    if (isOnHost(tensor))
      return new Tensor(tensor.dtype as "float32", tensor.data as Float32Array, tensor.shape);
    return kept.get(tensor) ?? fail("device", `a tensor of shape [${tensor.shape}] was freed already`);
  };
  return {
    inputs: session.inputMetadata.map(port),
    outputs: session.outputMetadata.map(port),
    run: async (feeds) => mapped(await session.run(mapped(feeds, toOrt)), fromOrt),
    release: () => session.release(),
  };
}

function mapped<A, B>(values: Readonly<Record<string, A>>, map: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, map(value)]));
}

function fromOrt(tensor: OrtTensor): Placed[string] {
  const { type, dims, location } = tensor;
  const dtype = known(type);
  if (location === "cpu") return { dtype, shape: dims, data: tensor.data as ArrayOf[DType] };
  const placed: DeviceTensor = {
    dtype,
    shape: dims,
    dispose: () => {
      kept.delete(placed);
      tensor.dispose();
    },
  };
  kept.set(placed, tensor);
  return placed;
}

function port(info: InferenceSession.ValueMetadata): Port {
  if (!info.isTensor) return fail(info.name, "is not a tensor");
  return { name: info.name, dtype: known(info.type), shape: info.shape };
}

function known(dtype: string): DType {
  return isDType(dtype) ? dtype : fail("ONNX Runtime", `a tensor of ${dtype} is not supported`);
}
