/** What every model family gives, and what defines one: a schema of its configuration and functions of values. */
import type { z } from "zod";
import type { Value } from "../src/ir/value.ts";
import type { Scope } from "../src/nn/scope.ts";

export type Floats = Value<"float32">;

/** The two terms of the loss of each image: nats `[batch]`. */
export interface Terms {
  readonly reconstruction: Floats;
  readonly kl: Floats;
}

/** The terms averaged over several draws, and log p(x, z) − log q(z | x) of each: `[draws, batch]`. */
export interface ImportanceTerms extends Terms {
  readonly logWeights: Floats;
}

/** A model as functions of values. Calling one asks its scope for the parameters that it needs. */
export interface Model {
  /** Images `[batch, channels, height, width]` in [0, 1] → what `encoder.onnx` returns, by name. */
  readonly encode: (image: Floats) => Readonly<Record<string, Floats>>;
  /** Codes `[batch, latent]` → mean images `[batch, channels, height, width]`. */
  readonly decode: (latent: Floats) => Floats;
  /** Images and standard normal noise `[batch, latent]` → the terms of the loss. */
  readonly terms: (image: Floats, noise: Floats) => Terms;
  /** Images and standard normal noise `[draws, batch, latent]` → the terms and importance weights. */
  readonly importance: (image: Floats, noise: Floats) => ImportanceTerms;
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
