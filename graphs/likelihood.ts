/** What pixels are to a model, as data: how far a reconstruction is from an image. */
import { z } from "zod";
import { fail } from "../src/ir/error.ts";
import { bernoulli, categorical, gaussian, type Likelihood, squaredError } from "../src/nn/distribution.ts";
import type { Scope } from "../src/nn/scope.ts";
import { sigmoid } from "../src/ops/index.ts";
import type { Facts, Floats } from "./model.ts";

/** What a decoder's pixels are: black or white with some probability, normal, or one of the channels each. */
export const likelihood = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("bernoulli") }),
  z.strictObject({
    kind: z.literal("gaussian"),
    /** Variance of a pixel in [0, 1], the same for all. */
    variance: z.union([z.number().positive(), z.literal("learned")]).default("learned"),
  }),
  /** One channel of each place is 1 and the others are 0: the characters of a text. */
  z.strictObject({ kind: z.literal("categorical") }),
]);
export type LikelihoodConfig = z.output<typeof likelihood>;

/** The likelihoods, and the squared error, whose images are the decoder's output as it stands or its sigmoid. */
export const reconstructionLoss = z.discriminatedUnion("kind", [
  ...likelihood.options,
  z.strictObject({
    kind: z.literal("squared-error"),
    output: z.enum(["sigmoid", "linear"]).default("sigmoid"),
  }),
]);
export type ReconstructionConfig = z.output<typeof reconstructionLoss>;

/** What a configuration says that pixels are, for what a decoder puts out: `[rows, pixels]`. */
export function likelihoodOf(
  config: ReconstructionConfig,
  scope: Scope,
  channels: number,
): (output: Floats) => Likelihood {
  switch (config.kind) {
    case "bernoulli":
      return bernoulli(scope);
    case "gaussian":
      return gaussian(scope, config.variance);
    case "categorical":
      if (channels < 2) fail("model", "a categorical likelihood chooses among channels, and there is one");
      return categorical(scope, channels);
    case "squared-error":
      return (output) =>
        squaredError(config.output === "linear" ? output : scope.at("output").within(() => sigmoid(output)));
  }
}

/** `Bernoulli likelihood`, in nats. */
export function objectiveOf({
  kind,
}: {
  readonly kind: ReconstructionConfig["kind"];
}): Pick<Facts, "unit" | "objective"> {
  if (kind === "squared-error") return { unit: "squared error", objective: "squared error" };
  return {
    unit: "nats",
    objective: `${kind === "categorical" ? kind : kind[0]!.toUpperCase() + kind.slice(1)} likelihood`,
  };
}
