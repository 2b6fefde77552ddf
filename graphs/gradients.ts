/** A training step without its update, and its losses alone: what ONNX Runtime's TrainingSession is made of. */
import { type Graph, graph } from "../src/ir/graph.ts";
import { input } from "../src/ir/value.ts";
import { simplify } from "../src/passes/simplify.ts";
import { type ModelDescription, parametersOf, summary } from "./families.ts";
import type { Floats } from "./model.ts";
import { losses, lossesAndGradients, type StepConfig } from "./step.ts";

/** The gradient's name in a graph, as ONNX Runtime's training has it. */
export function gradientName(parameter: string): string {
  return `${parameter}_grad`;
}

function inputsOf(description: ModelDescription, batch: number | string) {
  const { channels, height, width } = description.image;
  const parameters: Record<string, Floats> = {};
  for (const { name, shape } of parametersOf(description)) parameters[name] = input(name, "float32", shape);
  return {
    fed: {
      image: input("image", "float32", [batch, channels, height, width]),
      noise: input("noise", "float32", [batch, description.latent]),
      kl_weight: input("kl_weight", "float32", []),
    },
    parameters,
  };
}

/**
 * Parameters, `image` `[batch, …]`, `noise` `[batch, latent]` and `kl_weight` `[]` to `loss`, `reconstruction` and `kl`
 * `[]` in nats per image, and the gradient of the loss by each parameter (clipped, where the training is).
 */
export function gradientGraph(description: ModelDescription, { batch, clipNorm }: StepConfig): Graph {
  const { fed, parameters } = inputsOf(description, batch);
  const { losses, gradients } = lossesAndGradients(description, clipNorm, parameters, fed);
  const named = Object.entries(gradients).map(([name, gradient]) => [gradientName(name), gradient] as const);
  const doc = `The losses of ${summary(description)} on one batch, in nats per image, and their gradients.`;
  return simplify(
    graph("training", { ...fed, ...parameters }, { ...losses, ...Object.fromEntries(named) }, { doc }),
  );
}

/** The losses alone, of a batch of any size. */
export function lossGraph(description: ModelDescription): Graph {
  const { fed, parameters } = inputsOf(description, "batch");
  const doc = `The losses of ${summary(description)} on one batch, in nats per image.`;
  return simplify(
    graph("evaluation", { ...fed, ...parameters }, losses(description, parameters, fed).losses, { doc }),
  );
}
