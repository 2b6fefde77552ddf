/** Figures of the codes themselves: where they lie, what each element of them carries and how often it is used. */

import { pixelsOf } from "../../src/data/images.ts";
import type { Floats } from "../models.ts";
import { codeUsage, unitActivity } from "../pictures/activity.ts";
import { components } from "../pictures/components.ts";
import { klPerDimension } from "../pictures/divergence.ts";
import type { Picture } from "../pictures/picture.ts";
import { latentScatter } from "../pictures/scatter.ts";
import type { Study } from "./study.ts";
import { areContinuous } from "./walks.ts";

/** Fewer codes than this make no cloud. */
const FEWEST = 20;

export async function scatterFigure(study: Study): Promise<Picture | null> {
  const { shown, codes, data, decoder, noun } = study;
  if (!areContinuous(study) || shown.count < FEWEST) return null;
  return latentScatter({
    codes: codes.data,
    count: shown.count,
    dimensions: decoder.latent,
    labels: shown.labels,
    classes: data.classes,
    isTold: decoder.isConditional,
    noun: `${noun}s`,
  });
}

/** The KL divergence of each latent dimension, where the model measures it. */
export async function divergenceFigure({ details, noun }: Study): Promise<Picture | null> {
  const kl = details.kl_per_dimension?.mean;
  return kl === undefined ? null : klPerDimension(kl, noun);
}

/** How active the code's units are, where the model wants few of them to be. */
export async function activityFigure({ details, codes, decoder, noun }: Study): Promise<Picture | null> {
  return details.activation === undefined ? null : unitActivity(codes.data, decoder.latent, noun);
}

/** How often each vector of a codebook is chosen. */
export async function usageFigure({ details }: Study): Promise<Picture | null> {
  const usage = details.code_usage?.mean;
  return usage === undefined ? null : codeUsage(usage);
}

/** What each element of the code adds to an image, where the decoder is one linear layer. */
export async function componentFigure({ parameters, data, codes, decoder }: Study): Promise<Picture | null> {
  const weight = parameters["decoder.output.weight"];
  const [pixels, latent] = weight?.shape ?? [];
  if (data.medium.kind !== "image" || pixels !== pixelsOf(data.image) || latent !== decoder.latent)
    return null;
  return components(weight!.data as Float32Array, data.image, deviationsOf(codes));
}

/** The standard deviation of each column. */
function deviationsOf({ shape: [count = 0, columns = 0], data }: Floats): Float64Array {
  const [sums, squares] = [new Float64Array(columns), new Float64Array(columns)];
  for (const [i, value] of data.entries()) {
    sums[i % columns]! += value / count;
    squares[i % columns]! += value ** 2 / count;
  }
  return sums.map((mean, i) => Math.sqrt(Math.max(0, squares[i]! - mean ** 2)));
}
