/** What Isthmus is wherever JavaScript runs: the language, the graphs, and models over a host's ONNX Runtime. */

export { Batch, type Feed, type Source } from "../graphs/batch.ts";
export { evaluationGraph } from "../graphs/evaluation.ts";
export {
  describe,
  factsOf,
  feedsOf,
  latentOf,
  type ModelDescription,
  type ModelInput,
  parametersOf,
  summary,
} from "../graphs/families.ts";
export { type ImportedModel, type ImportOptions, importModel } from "../graphs/import/import.ts";
export { decoderGraph, encoderGraph } from "../graphs/inference.ts";
export type { Facts } from "../graphs/model.ts";
export { type PresetName, presets } from "../graphs/presets.ts";
export { initialState } from "../graphs/state.ts";
export { type StepConfig, stepGraph, trainingStep } from "../graphs/step.ts";
export { trainingGraph } from "../graphs/training.ts";
export type { TrainingConfig, TrainingInput } from "../graphs/training-config.ts";
export { grad } from "../src/autodiff/grad.ts";
export type { Dataset, Medium, Split, SplitName } from "../src/data/dataset.ts";
export { drawDigits } from "../src/data/digits/digits.ts";
export { parseIdx } from "../src/data/idx.ts";
export { type ImageShape, Images } from "../src/data/images.ts";
export { drawLines, lineAlphabet } from "../src/data/lines.ts";
export { pitchOf } from "../src/data/pitch.ts";
export { Random } from "../src/data/random.ts";
export { imagesOfLines, linesOf } from "../src/data/text.ts";
export { drawTones, TONE_RATE } from "../src/data/tones.ts";
export { type Cost, costOf } from "../src/ir/cost.ts";
export type { DType, Float, Integer, Numeric } from "../src/ir/dtype.ts";
export { IsthmusError } from "../src/ir/error.ts";
export { bind, type Graph, graph, graphNodes } from "../src/ir/graph.ts";
export { print } from "../src/ir/print.ts";
export type { Dim, Shape } from "../src/ir/shape.ts";
export { filled, scalar, type Tensor, type Tensors, tensor } from "../src/ir/tensor.ts";
export { constant, input, type Node, type Value } from "../src/ir/value.ts";
export type { Attributes, Inputs, OpType, Vocabulary } from "../src/ir/vocabulary.ts";
export * as nn from "../src/nn/index.ts";
export { decode } from "../src/onnx/decode.ts";
export { encode } from "../src/onnx/encode.ts";
export * as ops from "../src/ops/index.ts";
export * as optim from "../src/optim/index.ts";
export { halve } from "../src/passes/halve.ts";
export { quantise, type Ranges, rangesOf } from "../src/passes/quantise.ts";
export { simplify } from "../src/passes/simplify.ts";
export { version } from "../src/version.ts";
export { collapseOf } from "./collapse.ts";
export { calibrate, type HalvesLoss, lossWith } from "./compare.ts";
export type { DataSpec } from "./data/spec.ts";
export { chooseDevice, type DeviceChoice } from "./device.ts";
export { type Diagnosis, diagnose } from "./doctor.ts";
export type { Engine, EngineOptions, OpenEngine, StepFeeds, StepLosses, Task } from "./engine/engine.ts";
export { type Evaluated, Evaluator } from "./evaluate.ts";
export { exportModel, type ModelName, type Trained } from "./export.ts";
export { type Fidelity, fidelityOf } from "./fidelity.ts";
export type { Files } from "./files.ts";
export type {
  Device,
  DeviceTensor,
  Finding,
  Host,
  HostOptions,
  HostSession,
  Placed,
  Port,
  SessionOptions,
} from "./host/host.ts";
export { prepareTraining, type TrainingModule, type TrainingRuntime } from "./host/training.ts";
export {
  type ImportanceOptions,
  type ImportanceProgress,
  type LogLikelihood,
  logLikelihood,
} from "./importance.ts";
export type { Losses } from "./losses.ts";
export { type Measures, measuresOf } from "./measures.ts";
export { codeOf, Decoder, Encoder, interpolate, joined, rows } from "./models.ts";
export { readNpy, writeNpy } from "./npy.ts";
export type { Platform } from "./platform.ts";
export type { Precision } from "./precision.ts";
export type { RunConfig, RunResult } from "./run-config.ts";
export { type EpochMetrics, RunDirectory } from "./run-directory.ts";
export { readSafetensors, type SafeTensors, writeSafetensors } from "./safetensors.ts";
export { Session, type TensorsOf } from "./session.ts";
export {
  type Checkpoint,
  type Position,
  type Progress,
  Trainer,
  type TrainerData,
  type TrainerOptions,
} from "./trainer.ts";
export { TrainingRun, type TrainOptions } from "./training-run.ts";
export { trainingSession } from "./training-session/engine.ts";
export { trainingFiles } from "./training-session/files.ts";
