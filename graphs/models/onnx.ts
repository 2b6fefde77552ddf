/** A model that someone else exported, with a loss attached: its graphs are part of the description, its weights are not. */
import { z } from "zod";
import { pixelsOf } from "../../src/data/images.ts";
import { freeInputs } from "../../src/ir/graph.ts";
import { staticShape } from "../../src/ir/shape.ts";
import { bernoulli, type Likelihood, normal, squaredError } from "../../src/nn/distribution.ts";
import type { Scope } from "../../src/nn/scope.ts";
import { decode } from "../../src/onnx/decode.ts";
import { inline } from "../../src/passes/inline.ts";
import { imageShape, size } from "../config.ts";
import { deterministic } from "../deterministic.ts";
import { objectiveOf } from "../likelihood.ts";
import { type Floats, family, type Named } from "../model.ts";
import { variational } from "../variational.ts";
import { losses } from "./losses.ts";

export const onnx = family({
  config: z.strictObject({
    family: z.literal("onnx"),
    image: imageShape,
    latent: size,
    /** Squared error or Bernoulli loss of a plain autoencoder's images, or a variational one's lower bound. */
    loss: z.enum(losses),
    /** What pixels are to the lower bound: with a Gaussian, the decoder's output is their mean as it stands. */
    likelihood: z
      .discriminatedUnion("kind", [
        z.strictObject({ kind: z.literal("bernoulli") }),
        z.strictObject({ kind: z.literal("gaussian"), variance: z.number().positive() }),
      ])
      .default({ kind: "bernoulli" }),
    /**
     * ONNX in base64, made by `importModel`: `image` `[batch, C, H, W]` → `code`, or `mean` and `log_variance`
     * `[batch, latent]`; `latent` → `output` `[batch, pixels]`, of Bernoulli pixels the logits. Parameters are inputs.
     */
    graphs: z.strictObject({ encoder: z.base64(), decoder: z.base64() }),
  }),
  summary: ({ image, latent }) => [pixelsOf(image), latent].join("-"),
  model: ({ image: shape, latent, loss, likelihood, graphs }, scope) => {
    const encoder = half("encoder", graphs.encoder, scope);
    const decoder = half("decoder", graphs.decoder, scope);
    const pixels = (output: Floats): Likelihood => {
      if (loss === "mse") return squaredError(output);
      if (loss === "elbo" && likelihood.kind === "gaussian") return normal(output, likelihood.variance);
      return bernoulli(scope.at("decoder"))(output);
    };
    const decode = (latent: Floats) => pixels(decoder({ latent }).output!);
    const facts = objectiveOf({
      kind: loss === "mse" ? "squared-error" : loss === "elbo" ? likelihood.kind : loss,
    });
    if (loss !== "elbo")
      return deterministic({
        image: shape,
        latent,
        facts,
        encode: (image) => encoder({ image }).code!,
        decode,
      });
    const encode = (image: Floats) => {
      const { mean, log_variance } = encoder({ image });
      return { mean: mean!, logVariance: log_variance! };
    };
    return variational({ image: shape, latent, facts, encode, decode });
  },
});

/** One of the graphs as a function of its inputs; what else it takes are parameters of the scope. */
function half(name: string, base64: string, scope: Scope): (inputs: Named) => Named {
  const graph = decode(
    Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)),
    name,
  );
  return (inputs) => {
    const parameters = freeInputs(graph)
      .filter(([name]) => !Object.hasOwn(inputs, name))
      .map(([name, { shape }]) => [name, scope.parameter(name, staticShape(name, shape), { kind: "given" })]);
    return inline(graph, { ...inputs, ...Object.fromEntries(parameters) }) as Named;
  };
}
