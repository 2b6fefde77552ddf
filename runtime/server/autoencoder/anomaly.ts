/** How unusual images are to a model, beside the images that it was trained on. */
import { factsOf } from "../../../graphs/families.ts";
import { IsthmusError } from "../../../src/ir/error.ts";
import type { Quantiles } from "../../about.ts";
import { type Scores, scoresOf } from "../../scores.ts";
import { refuse } from "../error.ts";
import type { ServedModel } from "../model.ts";
import type { Call } from "./endpoints.ts";
import { evaluationFeeds, factsFor } from "./facts.ts";
import { type Given, givenImages } from "./given.ts";
import { labelFeeds } from "./label.ts";
import { type AnomalyAnswer, anomalyQuery, read } from "./schemas.ts";

/** The share of training images below the threshold, where nobody says. */
const QUANTILE = 0.99;

/**
 * Scores of images, and whether each is above what a share of the training images stays below. Without quantiles in
 * the file there is no threshold, and nobody says what an anomaly is.
 */
export async function anomaly(call: Call): Promise<AnomalyAnswer> {
  const { score: asked, quantile, label } = read(anomalyQuery, call.query, "query");
  const model = call.run.model("evaluation");
  const { description, quantiles } = factsFor(model);
  const given = await givenImages(call, model, label);
  const { reconstruction, negativeElbo } = await scores(call, model, given);
  if (asked === "elbo" && negativeElbo === null)
    refuse("score: the model has no bound, and so no ELBO: leave it out, or ask for reconstruction");
  const isBound = asked !== "reconstruction" && negativeElbo !== null;
  const score = isBound ? negativeElbo : reconstruction;
  const threshold = thresholdIn(quantiles, isBound, quantile);
  return {
    score: isBound ? "negative_elbo" : "reconstruction",
    unit: description === null ? "nats" : factsOf(description).unit,
    ...threshold,
    images: Array.from(reconstruction, (error, i) => ({
      reconstruction: error,
      elbo: negativeElbo === null ? null : -negativeElbo[i]!,
      score: score[i]!,
      is_anomaly: threshold.threshold === null ? null : score[i]! > threshold.threshold,
    })),
  };
}

async function scores(call: Call, model: ServedModel, given: Given): Promise<Scores> {
  const { label = null } = labelFeeds([model], given.label, given.count)(model);
  try {
    return await scoresOf((feeds) => model.infer(feeds, call), evaluationFeeds(model), given.rows, label);
  } catch (error) {
    if (error instanceof IsthmusError) refuse(error.message);
    throw error;
  }
}

function thresholdIn(
  quantiles: Quantiles | null,
  isBound: boolean,
  asked: number | undefined,
): Pick<AnomalyAnswer, "quantile" | "threshold"> {
  const measured = isBound ? quantiles?.negativeElbo : quantiles?.reconstruction;
  if (quantiles === null || measured == null) {
    if (asked === undefined) return { quantile: null, threshold: null };
    return refuse(
      "quantile: the model does not know its training images' scores: isthmus export writes them",
    );
  }
  const { levels } = quantiles;
  const level = asked ?? QUANTILE;
  const threshold = measured[levels.indexOf(level)];
  return threshold === undefined
    ? refuse(`quantile: ${level} was not measured: one of ${levels.join(", ")} is expected`)
    : { quantile: level, threshold };
}
