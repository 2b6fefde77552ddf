/** The seam between Isthmus and ONNX Runtime: all that the rest of the code knows of a platform's package. */
import type { DType } from "../../src/ir/dtype.ts";
import type { Shape } from "../../src/ir/shape.ts";
import type { Tensor, Tensors } from "../../src/ir/tensor.ts";

/** What can run a model: `cpu`, `cuda` and `webgpu` in Node, `wasm` (the CPU) and `webgpu` in a browser. */
export type Device = "cpu" | "wasm" | "cuda" | "webgpu";

/** An input of a model as ONNX Runtime reports it. */
export interface Port {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
}

/**
 * A tensor in a GPU's memory: an output that a session was told to keep, to be fed to any session of that device. It is
 * to be disposed of before that session is released: what happens otherwise is the end of the process.
 */
export interface DeviceTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Frees its memory. */
  readonly dispose: () => void;
}

/** Tensors by name, each on the host or on the device. */
export type Placed = Readonly<Record<string, Tensor | DeviceTensor>>;

/** A model that is ready to run. */
export interface HostSession {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** Outputs come back on the host, but for those that the session was opened to keep on the device. */
  readonly run: (feeds: Placed) => Promise<Placed>;
  /** Frees the model's memory. */
  readonly release: () => Promise<void>;
}

/** Where a model runs. */
export interface HostOptions {
  /** What runs the model; the host's CPU unless told. */
  readonly device?: Device | undefined;
  /** Threads of one run; ONNX Runtime's own choice, the physical cores, unless told. */
  readonly threads?: number | undefined;
}

/** Where a model runs, and what of its outputs stays there. */
export interface SessionOptions extends HostOptions {
  /** Outputs to leave on the device, where it is a GPU. */
  readonly keep?: readonly string[] | undefined;
}

/** One platform's ONNX Runtime. */
export interface Host {
  /** The devices of the platform, the one most to be wanted first; the last one always works. */
  readonly devices: readonly Device[];
  /** Whether a GPU is only played by the CPU, as far as can be seen without trying it: slower than the CPU itself. */
  readonly isEmulated: (device: Device) => Promise<boolean>;
  /** Finds out whether a device works here, by trying it. */
  readonly probe: (device: Device) => Promise<Finding>;
  /** Opens the bytes of an `.onnx` file. Rejects with what ONNX Runtime says where it refuses them. */
  readonly open: (model: Uint8Array, options: SessionOptions) => Promise<HostSession>;
}

/** What trying a device gave. */
export type Finding =
  | {
      readonly works: true;
      /** What was found, such as the number of threads. */
      readonly detail: string;
    }
  | { readonly works: false; readonly reason: string; readonly advice: string };

export function isOnHost(tensor: Tensor | DeviceTensor): tensor is Tensor {
  return "data" in tensor;
}

/** What is on the host of some tensors. */
export function onHost(placed: Placed): Tensors {
  return Object.fromEntries(
    Object.entries(placed).flatMap(([name, tensor]) => (isOnHost(tensor) ? [[name, tensor]] : [])),
  );
}

/** Frees those of some tensors that are on the device. */
export function dispose(placed: Placed): void {
  for (const tensor of Object.values(placed)) if (!isOnHost(tensor)) tensor.dispose();
}
