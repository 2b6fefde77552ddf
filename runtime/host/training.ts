/** The seam to ONNX Runtime's on-device training: the part of `onnxruntime-web@1.19.2/training` that an engine needs. */

export interface TrainingTensor {
  readonly data: unknown;
}

/** A session, which holds parameters, gradients and moments. */
export interface TrainingSession {
  /** Losses and gradients of a batch; the gradients are kept inside. */
  readonly runTrainStep: (
    feeds: Readonly<Record<string, TrainingTensor>>,
  ) => Promise<Readonly<Record<string, TrainingTensor>>>;
  readonly runOptimizerStep: () => Promise<void>;
  /** The next gradients replace those that are kept. */
  readonly lazyResetGrad: () => Promise<void>;
  /** All parameters one after the other, in the order of the training model's inputs. */
  readonly getContiguousParameters: (trainableOnly: boolean) => Promise<TrainingTensor>;
  readonly loadParametersBuffer: (bytes: Uint8Array, trainableOnly: boolean) => Promise<void>;
  readonly release: () => Promise<void>;
}

/** The package, as it is imported. */
export interface TrainingRuntime {
  readonly Tensor: new (
    dtype: "float32" | "int32",
    data: Float32Array | Int32Array,
    shape: readonly number[],
  ) => TrainingTensor;
  readonly TrainingSession: {
    readonly create: (
      files: Readonly<Record<"checkpointState" | "trainModel" | "optimizerModel", Uint8Array>>,
      options: { readonly logSeverityLevel: 4 },
    ) => Promise<TrainingSession>;
  };
}

/** The package with its settings. */
export interface TrainingModule extends TrainingRuntime {
  readonly env: {
    readonly wasm: {
      numThreads?: number | undefined;
      wasmPaths?: string | { readonly mjs: string } | undefined;
    };
  };
}

/**
 * Tells the package where its `.mjs` and `.wasm` files lie (the whole address of a folder, ending in a slash), before
 * the first session is created. It loads them through a module that mends the package: its functions that read and
 * write parameters free four bytes of the stack as if they came from the heap, after which any allocation may hang.
 */
export function prepareTraining(module: TrainingModule, files: string): TrainingRuntime {
  const original = new URL("ort-training-wasm-simd-threaded.mjs", files).href;
  const code = `import create from ${JSON.stringify(original)};
export default async (config) => {
  const module = await create(config);
  // The first call of an export puts the export itself in its place.
  module._free(0);
  const { _free: free } = module;
  // Nothing is on the stack yet: it is below this address, and the heap above.
  const top = module.stackSave();
  module._free = (address) => address > top && free(address);
  return module;
};`;
  module.env.wasm.wasmPaths = { mjs: `data:text/javascript,${encodeURIComponent(code)}` };
  return module;
}
