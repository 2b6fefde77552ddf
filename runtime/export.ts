/** Trained weights as the models that others run: bound into graphs, with what a user of them needs as metadata. */
import { evaluationGraph } from "../graphs/evaluation.ts";
import { type ModelDescription, parametersOf } from "../graphs/families.ts";
import { decoderGraph, encoderGraph } from "../graphs/inference.ts";
import { stepGraph } from "../graphs/step.ts";
import { trainingGraph } from "../graphs/training.ts";
import type { TrainingConfig } from "../graphs/training-config.ts";
import type { Medium } from "../src/data/dataset.ts";
import { fail } from "../src/ir/error.ts";
import { bind, type Graph } from "../src/ir/graph.ts";
import type { Tensors } from "../src/ir/tensor.ts";
import { encode } from "../src/onnx/encode.ts";
import { type Precision, precisionName, withPrecision } from "./precision.ts";
import type { RunResult } from "./run-config.ts";

/** The `.onnx` files of a run: encoder, decoder and evaluation hold the weights; step and training are fed with them. */
export const modelNames = ["encoder", "decoder", "evaluation", "step", "training"] as const;
/** One of a run's `.onnx` files, without its ending. */
export type ModelName = (typeof modelNames)[number];

/** What an export is made of. */
export interface Trained {
  readonly model: ModelDescription;
  readonly training: TrainingConfig;
  readonly classes: readonly string[] | null;
  /** What the images stand for; pictures where it is not given. */
  readonly medium?: Medium | undefined;
  readonly parameters: Tensors;
  readonly result?: RunResult | undefined;
}

const graphs: { readonly [N in ModelName]: (trained: Trained) => Graph } = {
  encoder: ({ model, parameters }) => bound(encoderGraph(model), model, parameters),
  decoder: ({ model, parameters }) => bound(decoderGraph(model), model, parameters),
  evaluation: ({ model, parameters }) => bound(evaluationGraph(model), model, parameters),
  step: ({ model, training }) => stepGraph(model, training),
  training: ({ model, training }) => trainingGraph(model, training),
};

/** The bytes of one of the run's `.onnx` files. Throws where it has no weights that the precision is for. */
export function exportModel(name: ModelName, trained: Trained, precision?: Precision): Uint8Array {
  const { model, training, classes, medium = { kind: "image" }, result } = trained;
  const metadata = {
    "isthmus.model": JSON.stringify(model),
    "isthmus.training": JSON.stringify(training),
    "isthmus.image": JSON.stringify({ ...model.image, layout: "NCHW", range: [0, 1] }),
    "isthmus.medium": JSON.stringify(medium),
    ...(classes === null ? {} : { "isthmus.classes": JSON.stringify(classes) }),
    ...(result === undefined
      ? {}
      : { "isthmus.metrics": JSON.stringify({ test: result.test, epochs: result.epochs }) }),
    ...(result?.quantiles ? { "isthmus.quantiles": JSON.stringify(result.quantiles) } : {}),
    ...(precision && { "isthmus.precision": precisionName(precision) }),
  };
  const graph = graphs[name](trained);
  return encode({ ...(precision ? withPrecision(graph, precision) : graph), metadata });
}

/** The graph with the weights in it; what it is fed with is no parameter. */
export function bound(graph: Graph, model: ModelDescription, parameters: Tensors): Graph {
  const names = parametersOf(model).flatMap(({ name }) => (Object.hasOwn(graph.inputs, name) ? [name] : []));
  return bind(
    graph,
    Object.fromEntries(
      names.map((name) => [name, parameters[name] ?? fail("export", `there is no ${name}`)]),
    ),
  );
}
