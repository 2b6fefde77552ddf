/** `encoder.onnx` and `decoder.onnx`: the two halves of a trained model, for any batch. */
import { type Graph, graph } from "../src/ir/graph.ts";
import type { Value } from "../src/ir/value.ts";
import { input } from "../src/ir/value.ts";
import type { Scope } from "../src/nn/scope.ts";
import { simplify } from "../src/passes/simplify.ts";
import { Batch } from "./batch.ts";
import { instantiate, type ModelDescription, summary } from "./families.ts";
import type { Named } from "./model.ts";

type Values = Readonly<Record<string, Value>>;

/** The inputs that stand for the parameters asked for so far. */
export function parameterInputs(scope: Scope): Named {
  return Object.fromEntries(scope.parameters.map(({ name, value }) => [name, value]));
}

/**
 * Images `[batch, channels, height, width]` in [0, 1] to codes: a VAE's are `mean` and `log_variance` `[batch, latent]`,
 * a plain autoencoder's `code`. A conditional model also takes `label`, int32 `[batch]`.
 */
export function encoderGraph(description: ModelDescription): Graph<Values, Values> {
  const { model, scope } = instantiate(description);
  const batch = new Batch(description.image, "batch");
  const outputs = model.encode(batch);
  const doc = `The encoder of ${summary(description)}.`;
  return simplify(graph("encoder", { ...batch.inputs, ...parameterInputs(scope) }, outputs, { doc }));
}

/** Codes `latent` `[batch, latent]`, and `label` where the model asks, to mean images `[batch, channels, height, width]`. */
export function decoderGraph(description: ModelDescription): Graph<Values, Named> {
  const { model, scope } = instantiate(description);
  const batch = new Batch(description.image, "batch");
  const latent = input("latent", "float32", ["batch", model.latent]);
  const image = model.decode(latent, batch);
  const doc = `The decoder of ${summary(description)}.`;
  return simplify(
    graph("decoder", { latent, ...batch.inputs, ...parameterInputs(scope) }, { image }, { doc }),
  );
}
