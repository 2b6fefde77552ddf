/** What every model family gives, and what defines one: a schema of its configuration and functions of values. */
import type { z } from "zod";
import type { Value } from "../src/ir/value.ts";
import type { Scope } from "../src/nn/scope.ts";
import type { Batch } from "./batch.ts";

export type Floats = Value<"float32">;
export type Named = Readonly<Record<string, Floats>>;

/** The two terms of the loss of each image, `[batch]`: `loss = reconstruction + kl_weight · kl`. */
export interface Terms {
  readonly reconstruction: Floats;
  /** What the code costs: the KL divergence of a variational model, the penalty of another; left out where it is 0. */
  readonly kl?: Floats;
}

/** The same without noise of its own where that is possible, and what else is worth knowing of each image. */
export interface Measured extends Terms {
  /** log p(x, z) − log q(z | x) of each draw, `[draws, batch]`: their log-mean-exp estimates log p(x). */
  readonly logWeights?: Floats;
  /** Rows `[batch, n]` whose means over images say something: the KL of each latent dimension, how often a code is used. */
  readonly details?: Named;
}

/** log p(x, z) − log q(z | x) in two parts: what an image has in common for all draws of its code, and the rest. */
export interface Weighing {
  /** Images to rows `[batch, n]` of what the weights depend on, by name. */
  readonly posterior: (batch: Batch) => Named;
  /** Such rows `[1, n]` of one image and standard normal noise `[draws, latent]` → `[draws]`, in nats. */
  readonly logWeights: (posterior: Named, noise: Floats) => Floats;
}

/** What people are told of a model. */
export interface Facts {
  /** What losses are counted in, per image. */
  readonly unit: "nats" | "squared error";
  /** What pixels are, or how far they are from those wanted: `Bernoulli likelihood`. */
  readonly objective: string;
  /** The name of the term `kl`; null where there is none. */
  readonly penalty: string | null;
  /** Whether a code drawn from the standard normal distribution decodes to something like the data. */
  readonly hasPrior: boolean;
  /** Whether it holds its training images in its weights, and knows no others: it is measured on those. */
  readonly isMemory?: boolean;
}

/** A model as functions of values. Calling one asks its scope for the parameters, and the batch for the inputs, that it needs. */
export interface Model {
  readonly facts: Facts;
  /** The number of elements of a code. */
  readonly latent: number;
  /** Images to what `encoder.onnx` returns, by name; first the code, `mean` or `code` `[batch, latent]`. */
  readonly encode: (batch: Batch) => Named;
  /** Codes `[batch, latent]` → mean images `[batch, channels, height, width]`. */
  readonly decode: (latent: Floats, batch: Batch) => Floats;
  /** What is trained on. */
  readonly terms: (batch: Batch) => Terms;
  /** What is reported, over so many draws of the code where it is drawn. */
  readonly evaluate: (batch: Batch, draws: number) => Measured;
  /** How log p(x) is estimated from any number of draws; left out where there is no such thing. */
  readonly weighing?: Weighing;
}

/** A family of models that differ in their configuration alone. */
export interface Family<Schema extends z.ZodType> {
  /** Checks a configuration and fills in its defaults. */
  readonly config: Schema;
  readonly model: (config: z.output<Schema>, scope: Scope) => Model;
  /** The widths on the way from image to code, such as `784-400-20`. */
  readonly summary: (config: z.output<Schema>) => string;
}

/** Names the configuration's type for the functions beside it. */
export function family<Schema extends z.ZodType>(definition: Family<Schema>): Family<Schema> {
  return definition;
}
