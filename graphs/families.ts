/** Every model family, and descriptions of models: the data from which any of them is built again. */
import { z } from "zod";
import { input } from "../src/ir/value.ts";
import { initialisers } from "../src/nn/init.ts";
import { type Parameter, Scope } from "../src/nn/scope.ts";
import { parse } from "./config.ts";
import type { Family, Floats, Model } from "./model.ts";
import { convVae } from "./models/conv-vae.ts";
import { onnx } from "./models/onnx.ts";
import { vae } from "./models/vae.ts";

export const families = { vae, "conv-vae": convVae, onnx } as const;

/** A model as data; `family` says which of the families it is of. */
export const modelDescription = z.discriminatedUnion("family", [vae.config, convVae.config, onnx.config]);
export type ModelDescription = z.output<typeof modelDescription>;
/** A description in which everything that has a default may be left out. */
export type ModelInput = z.input<typeof modelDescription>;

/** A checked description with its defaults. Throws one line where something in it can't be. */
export function describe(description: ModelInput): ModelDescription {
  return parse(modelDescription, description, "model");
}

/**
 * A fresh copy of the model over the parameters given by name, or over new inputs of their names. The scope lists
 * them as the model's functions ask for them.
 */
export function instantiate(
  description: ModelDescription,
  parameters: Readonly<Record<string, Floats>> = {},
): { readonly model: Model; readonly scope: Scope } {
  // A model from elsewhere brings its weights along.
  const { initialiser } = { initialiser: "pytorch" as const, ...description };
  const scope = new Scope(initialisers[initialiser], parameters);
  const { model } = families[description.family] as Family<z.ZodType<ModelDescription>>;
  return { model: model(description, scope), scope };
}

/** The parameters of both halves, in the order of a forward pass. */
export function parametersOf(description: ModelDescription): readonly Parameter[] {
  const { model, scope } = instantiate(description);
  const { channels, height, width } = description.image;
  model.terms(
    input("image", "float32", [1, channels, height, width]),
    input("noise", "float32", [1, description.latent]),
  );
  return scope.parameters;
}

/** `vae · 784-400-20` */
export function summary(description: ModelDescription): string {
  const { summary } = families[description.family] as Family<z.ZodType<ModelDescription>>;
  return `${description.family} · ${summary(description)}`;
}
