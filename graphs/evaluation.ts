/** `evaluation.onnx`: the terms of the loss of every image, importance weights of each draw, and what else is known of it. */
import { type Graph, graph } from "../src/ir/graph.ts";
import type { Value } from "../src/ir/value.ts";
import { add, mul, neg } from "../src/ops/index.ts";
import { simplify } from "../src/passes/simplify.ts";
import { Batch, type Feed } from "./batch.ts";
import { instantiate, type ModelDescription, summary } from "./families.ts";
import { parameterInputs } from "./inference.ts";
import type { Floats, Named } from "./model.ts";

/** The graph, what it reads of a batch, and the names of the outputs `[batch, n]` whose means say something. */
export interface Evaluation {
  readonly graph: Graph<Readonly<Record<string, Value>>, Named>;
  readonly feeds: readonly Feed[];
  readonly details: readonly string[];
}

/**
 * For images `[batch, …]` and noise `[draws, batch, latent]`: `elbo`, `reconstruction` and `kl` `[batch]` in nats, the
 * reconstruction averaged over the draws, and `log_weights` `[draws, batch]`, whose log-mean-exp estimates log p(x).
 * A model of several importance samples takes as many draws at least. One without a bound gives `reconstruction` and
 * `kl` alone, in what its losses are counted in.
 */
export function evaluation(description: ModelDescription, draws = 1): Evaluation {
  const { model, scope } = instantiate(description);
  const batch = new Batch(description.image, "batch");
  const {
    reconstruction,
    kl = mul(reconstruction, 0),
    logWeights,
    details = {},
  } = model.evaluate(batch, draws);
  const outputs: Named = {
    ...(logWeights && { elbo: neg(add(reconstruction, kl)) }),
    reconstruction,
    kl,
    ...(logWeights && { log_weights: logWeights }),
    ...details,
  };
  const doc = `The loss of ${summary(description)} for each image, in ${model.facts.unit}.`;
  return {
    graph: simplify(graph("evaluation", { ...batch.inputs, ...parameterInputs(scope) }, outputs, { doc })),
    feeds: batch.feeds,
    details: Object.keys(details),
  };
}

/** An evaluation without details, and whether its two terms are of a lower bound. */
export interface HalvesEvaluation extends Evaluation {
  readonly isBound: boolean;
}

/** What of it the exported halves decide: the reconstruction and, of a bound, `kl`; what only training asks of a code is 0. */
export function halvesEvaluation(description: ModelDescription): HalvesEvaluation {
  const { graph: whole, feeds } = evaluation(description);
  const { elbo, reconstruction, kl } = whole.outputs as { reconstruction: Floats; kl: Floats; elbo?: Floats };
  const isBound = elbo !== undefined;
  const outputs: Named = { reconstruction, kl: isBound ? kl : mul(reconstruction, 0) };
  return { graph: graph("evaluation", whole.inputs, outputs, whole), feeds, details: [], isBound };
}

/** The graph alone. */
export function evaluationGraph(description: ModelDescription, draws = 1): Evaluation["graph"] {
  return evaluation(description, draws).graph;
}
