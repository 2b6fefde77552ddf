/** The seam between Isthmus and ONNX Runtime: all that the rest of the code knows of a platform's package. */
import type { DType } from "../../src/ir/dtype.ts";
import type { Shape } from "../../src/ir/shape.ts";
import type { Tensors } from "../../src/ir/tensor.ts";

/** An input of a model as ONNX Runtime reports it. */
export interface Port {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
}

/** A model that is ready to run. */
export interface HostSession {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly run: (feeds: Tensors) => Promise<Tensors>;
  readonly release: () => Promise<void>;
}

/** ONNX Runtime's execution providers that Isthmus knows. */
export type Provider = "cpu" | "webgpu" | "cuda";

export interface HostOptions {
  /** What runs the model; the CPU unless told. */
  readonly provider?: Provider | undefined;
  /** Threads of one run; ONNX Runtime's own choice, the physical cores, unless told. */
  readonly threads?: number | undefined;
}

/** One platform's ONNX Runtime. */
export interface Host {
  readonly open: (model: Uint8Array, options: HostOptions) => Promise<HostSession>;
}
