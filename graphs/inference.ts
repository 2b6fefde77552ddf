/** `encoder.onnx` and `decoder.onnx`: the two halves of a trained model, for any batch. */
import { type Graph, graph } from "../src/ir/graph.ts";
import { input } from "../src/ir/value.ts";
import type { Scope } from "../src/nn/scope.ts";
import { simplify } from "../src/passes/simplify.ts";
import { instantiate, type ModelDescription, summary } from "./families.ts";
import type { Floats } from "./model.ts";

type Named = Readonly<Record<string, Floats>>;

/** The inputs that stand for the parameters asked for so far. */
function parameterInputs(scope: Scope): Named {
  return Object.fromEntries(scope.parameters.map(({ name, value }) => [name, value]));
}

/** Images `[batch, channels, height, width]` in [0, 1] to codes; a VAE's are `mean` and `log_variance` `[batch, latent]`. */
export function encoderGraph(description: ModelDescription): Graph<Named, Named> {
  const { model, scope } = instantiate(description);
  const { channels, height, width } = description.image;
  const image = input("image", "float32", ["batch", channels, height, width]);
  const outputs = model.encode(image);
  const doc = `The encoder of ${summary(description)}.`;
  return simplify(graph("encoder", { image, ...parameterInputs(scope) }, outputs, { doc }));
}

/** Codes `latent` `[batch, latent]` to the likelihood's mean images `[batch, channels, height, width]`. */
export function decoderGraph(description: ModelDescription): Graph<Named, Named> {
  const { model, scope } = instantiate(description);
  const latent = input("latent", "float32", ["batch", description.latent]);
  const image = model.decode(latent);
  const doc = `The decoder of ${summary(description)}.`;
  return simplify(graph("decoder", { latent, ...parameterInputs(scope) }, { image }, { doc }));
}
