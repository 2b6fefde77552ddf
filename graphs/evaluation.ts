/** `evaluation.onnx`: the terms of the loss of every image, and importance weights of each draw. */
import { type Graph, graph } from "../src/ir/graph.ts";
import { input } from "../src/ir/value.ts";
import { add, neg } from "../src/ops/index.ts";
import { simplify } from "../src/passes/simplify.ts";
import { instantiate, type ModelDescription, summary } from "./families.ts";
import type { Floats } from "./model.ts";

/**
 * For images `[batch, …]` and noise `[draws, batch, latent]`: `elbo`, `reconstruction` and `kl` `[batch]` in nats, the
 * reconstruction averaged over the draws, and `log_weights` `[draws, batch]`, whose log-mean-exp estimates log p(x).
 */
export function evaluationGraph(
  description: ModelDescription,
  draws = 1,
): Graph<Readonly<Record<string, Floats>>, Readonly<Record<string, Floats>>> {
  const { model, scope } = instantiate(description);
  const { channels, height, width } = description.image;
  const image = input("image", "float32", ["batch", channels, height, width]);
  const noise = input("noise", "float32", [draws, "batch", description.latent]);
  const { reconstruction, kl, logWeights } = model.importance(image, noise);
  const parameters = Object.fromEntries(scope.parameters.map(({ name, value }) => [name, value]));
  const outputs = { elbo: neg(add(reconstruction, kl)), reconstruction, kl, log_weights: logWeights };
  const doc = `The evidence lower bound of ${summary(description)} for each image, in nats.`;
  return simplify(graph("evaluation", { image, noise, ...parameters }, outputs, { doc }));
}
