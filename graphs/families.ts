/** Every model family, and descriptions of models: the data from which any of them is built again. */
import { z } from "zod";
import { sizeOf } from "../src/ir/tensor.ts";
import type { Value } from "../src/ir/value.ts";
import { type Initialiser, initialisers } from "../src/nn/init.ts";
import { type Parameter, Scope } from "../src/nn/scope.ts";
import { Batch, type Feed } from "./batch.ts";
import { parse } from "./config.ts";
import type { Facts, Family, Model } from "./model.ts";
import { autoencoder } from "./models/autoencoder.ts";
import { memorizer } from "./models/memorizer.ts";
import { onnx } from "./models/onnx.ts";
import { vae } from "./models/vae.ts";
import { vqVae } from "./models/vq-vae.ts";

export const families = { vae, autoencoder, "vq-vae": vqVae, memorizer, onnx } as const;

type Config = (typeof families)[keyof typeof families]["config"];
const configs = Object.values(families).map(({ config }) => config) as [Config, ...Config[]];

/** A model as data; `family` says which of the families it is of. */
export const modelDescription = z.discriminatedUnion("family", configs);
export type ModelDescription = z.output<typeof modelDescription>;
/** A description in which everything that has a default may be left out. */
export type ModelInput = z.input<typeof modelDescription>;

/** A checked description with its defaults. Throws one line where something in it can't be. */
export function describe(description: ModelInput): ModelDescription {
  const parsed = parse(modelDescription, description, "model");
  // What a schema can't tell, such as an image that is halved too often, the model's functions do.
  parametersOf(parsed);
  return parsed;
}

/** Whoever trains such a model has its weights: from a file, or computed from the images. */
const given: Initialiser = () => ({ weight: { kind: "given" }, bias: { kind: "given" } });

/** A model of a description, and the scope that lists the parameters that its functions ask for. */
interface Instance {
  readonly model: Model;
  readonly scope: Scope;
}

/**
 * A fresh copy of the model over the parameters given by name, or over new inputs of their names. Training, layers
 * that learn from the batch's statistics do so.
 */
export function instantiate(
  description: ModelDescription,
  values: Readonly<Record<string, Value<"float32">>> = {},
  isTraining = false,
): Instance {
  const { initialiser } = { initialiser: undefined, ...description };
  const begin = initialiser === undefined || initialiser === "pca" ? given : initialisers[initialiser];
  const scope = new Scope(begin, values, { isTraining });
  const { model } = families[description.family] as Family<z.ZodType<ModelDescription>>;
  return { model: model(description, scope), scope };
}

/** The parameters of both halves, in the order of a forward pass; buffers, which no gradient reaches, among them. */
export function parametersOf(description: ModelDescription): readonly Parameter[] {
  const { model, scope } = instantiate(description);
  model.terms(new Batch(description.image, 2));
  return scope.parameters;
}

/** What a training step of the model reads of a batch. */
export function feedsOf(description: ModelDescription, batch: number): readonly Feed[] {
  const inputs = new Batch(description.image, batch);
  instantiate(description).model.terms(inputs);
  return inputs.feeds;
}

/** The number of elements of a code. */
export function latentOf(description: ModelDescription): number {
  return instantiate(description).model.latent;
}

/** What people are told of a model. */
export function factsOf(description: ModelDescription): Facts {
  return instantiate(description).model.facts;
}

/** `vae · 784-400-20` */
export function summary(description: ModelDescription): string {
  const { summary } = families[description.family] as Family<z.ZodType<ModelDescription>>;
  return `${description.family} · ${summary(description)}`;
}

/** `vae · 784-400-20 · 0.65 M parameters` */
export function describeModel(model: ModelDescription): string {
  const count = parametersOf(model).reduce((total, { shape }) => total + sizeOf(shape), 0);
  const amount = count < 1e5 ? `${(count / 1e3).toFixed(1)} k` : `${(count / 1e6).toFixed(2)} M`;
  return `${summary(model)} · ${amount} parameters`;
}
