/** A training step without its update, and its losses alone: what ONNX Runtime's TrainingSession is made of. */
import { type Graph, graph } from "../src/ir/graph.ts";
import { input } from "../src/ir/value.ts";
import { simplify } from "../src/passes/simplify.ts";
import { Batch } from "./batch.ts";
import { type ModelDescription, parametersOf, summary } from "./families.ts";
import { losses, lossesAndGradients, rateInputs, type State, type StepConfig } from "./step.ts";

/** The gradient's name in a graph, as ONNX Runtime's training has it. */
export function gradientName(parameter: string): string {
  return `${parameter}_grad`;
}

/**
 * Parameters, the batch and `kl_weight` `[]` to `loss`, `reconstruction` and `kl` `[]` per image, and the gradient of
 * the loss by each trainable parameter (clipped, where the training is).
 */
export function gradientGraph(description: ModelDescription, { batch: size, clipNorm }: StepConfig): Graph {
  const parameters = namedInputs(description);
  const batch = new Batch(description.image, size);
  const { kl_weight } = rateInputs();
  const { losses, gradients } = lossesAndGradients(description, clipNorm, parameters, { batch, kl_weight });
  const named = Object.entries(gradients).map(([name, gradient]) => [gradientName(name), gradient] as const);
  const doc = `The losses of ${summary(description)} on one batch, per image, and their gradients.`;
  const inputs = { ...batch.inputs, kl_weight, ...parameters };
  return simplify(graph("training", inputs, { ...losses, ...Object.fromEntries(named) }, { doc }));
}

/** The losses alone, of a batch of any size. */
export function lossGraph(description: ModelDescription): Graph {
  const parameters = namedInputs(description);
  const batch = new Batch(description.image, "batch");
  const { kl_weight } = rateInputs();
  const found = losses(description, parameters, { batch, kl_weight }, false).losses;
  const doc = `The losses of ${summary(description)} on one batch, per image.`;
  return simplify(graph("evaluation", { ...batch.inputs, kl_weight, ...parameters }, found, { doc }));
}

function namedInputs(description: ModelDescription): State {
  return Object.fromEntries(
    parametersOf(description).map(({ name, shape }) => [name, input(name, "float32", shape)]),
  );
}
