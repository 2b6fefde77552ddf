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
  readonly Tensor: new (dtype: "float32", data: Float32Array, shape: readonly number[]) => TrainingTensor;
  readonly TrainingSession: {
    readonly create: (
      files: Readonly<Record<"checkpointState" | "trainModel" | "optimizerModel", Uint8Array>>,
      options: { readonly logSeverityLevel: 4 },
    ) => Promise<TrainingSession>;
  };
}
