/** The graphs from which log p(x) is estimated by importance sampling: one run an image, and one run a chunk of draws. */

import { fail } from "../src/ir/error.ts";
import { type Graph, graph } from "../src/ir/graph.ts";
import { staticShape } from "../src/ir/shape.ts";
import { input, type Value } from "../src/ir/value.ts";
import { simplify } from "../src/passes/simplify.ts";
import { Batch, type Feed } from "./batch.ts";
import { instantiate, type ModelDescription, summary } from "./families.ts";
import { parameterInputs } from "./inference.ts";
import type { Model, Named, Weighing } from "./model.ts";

type Values = Readonly<Record<string, Value>>;

/** The two graphs, and what the first reads of a batch. */
export interface Importance {
  /** Images `[batch, …]` to the rows `[batch, n]` that the weights of their draws depend on. */
  readonly posterior: Graph<Values, Named>;
  readonly feeds: readonly Feed[];
  /** One row `[1, n]` of each of these, and standard normal `noise` `[draws, latent]`, to `log_weights` `[draws]`. */
  readonly weights: Graph<Values, Named>;
}

/**
 * log p(x, z) − log q(z | x) of many draws z of an image's code, whose log-mean-exp estimates log p(x) (Burda et al.
 * 2016, eq. 8). The encoder is in the first graph alone, so that it runs once an image. Throws where the model has no
 * lower bound that more samples would tighten.
 */
export function importance(description: ModelDescription): Importance {
  const { model, scope } = instantiate(description);
  const batch = new Batch(description.image, "batch");
  const known = weighingOf(model, description).posterior(batch);
  const doc = `The posterior of ${summary(description)} for each image.`;
  const posterior = simplify(
    graph("posterior", { ...batch.inputs, ...parameterInputs(scope) }, known, { doc }),
  );
  const given = Object.fromEntries(
    Object.entries(known).map(([name, { shape }]) => {
      const row = staticShape(name, shape.slice(1));
      return [name, input(name, "float32", [1, ...row])];
    }),
  );
  return { posterior, feeds: batch.feeds, weights: weightsGraph(description, given) };
}

function weightsGraph(description: ModelDescription, given: Named): Graph<Values, Named> {
  // Another instance: its scope lists what the decoder asks for, and nothing of the encoder.
  const { model, scope } = instantiate(description);
  const noise = input("noise", "float32", ["draws", model.latent]);
  const log_weights = weighingOf(model, description).logWeights(given, noise);
  const doc = `Importance weights of draws from the posterior of ${summary(description)}, in ${model.facts.unit}.`;
  return simplify(graph("weights", { ...given, noise, ...parameterInputs(scope) }, { log_weights }, { doc }));
}

function weighingOf({ weighing }: Model, description: ModelDescription): Weighing {
  return (
    weighing ??
    fail("importance samples", `${summary(description)} has no lower bound of log p(x) for them to tighten`)
  );
}
