/** `isthmus evaluate` */

import { factsOf } from "../../graphs/families.ts";
import { importance } from "../../graphs/importance.ts";
import type { Dataset, SplitName } from "../../src/data/dataset.ts";
import { IsthmusError } from "../../src/ir/error.ts";
import { nounOf } from "../figures/gallery.ts";
import type { HostOptions } from "../host/host.ts";
import type { LogLikelihood } from "../importance.ts";
import type { BesidePrincipal } from "../linear.ts";
import { type Measures, measuresOf } from "../measures.ts";
import type { Run } from "../run.ts";
import { print, say, showCount, showLosses } from "./output.ts";
import { imagesView } from "./progress.ts";
import { chosen, type DataFlags, dataFor, openRun, type RuntimeFlags } from "./source.ts";
import { asked } from "./usage.ts";

interface Flags extends DataFlags, RuntimeFlags {
  readonly split: SplitName;
  readonly importanceSamples?: number;
  readonly json?: boolean;
}

/** Dimensions in a line. */
const ROW = 10;

export async function evaluateCommand(path: string, flags: Flags): Promise<void> {
  const { importanceSamples, json } = flags;
  const run = await openRun(path);
  const facts = factsOf(run.config.model);
  // A memory is measured on what it holds, whichever is asked for.
  const split = facts.isMemory ? "train" : flags.split;
  if (importanceSamples !== undefined) await asked(() => void importance(run.config.model));
  const data = await dataFor(run, flags);
  const at = await chosen(flags);
  const { details, ...losses } = await run.measure(data, split, at);
  const measures = measuresOf({ details });
  const beside = await besidePrincipal(run, data, split, at);
  const estimate = importanceSamples === undefined ? null : await estimated(run, data, flags, at);
  const { reconstruction, kl } = losses;
  const images = data[split].images.count;
  const { meanSquaredError, characters, withinSemitone } = await run.fidelity(data, split, at);
  const elbo = estimate?.elbo ?? -(reconstruction + kl);
  const lines = [
    `${split} ${showLosses(losses, facts, 2)} over ${showCount(images)} ${nounOf(data.medium)}s`,
    ...(estimate === null ? [] : [likelihoodLine(estimate)]),
    ...linesOf(measures),
    ...(beside === null ? [] : [principalLine(beside)]),
    ...(meanSquaredError === undefined
      ? []
      : [`mean squared error of a pixel ${meanSquaredError.toFixed(4)}`]),
    ...(characters === undefined ? [] : [`${percent(characters)} of the characters come back`]),
    ...(withinSemitone === undefined
      ? []
      : [`${percent(withinSemitone)} of the pitches come back within a semitone`]),
  ];
  const result = {
    ...losses,
    ...(measures.klPerDimension && { elbo }),
    ...(estimate && {
      nll: estimate.nll,
      nll_standard_error: estimate.nllStandardError,
      importance_samples: estimate.samples,
    }),
    kl_per_dimension: measures.klPerDimension,
    active_units: measures.activeUnits,
    perplexity: measures.perplexity,
    codes_used: measures.codesUsed,
    codes: measures.codes,
    mean_activation: measures.meanActivation,
    ...(beside && { pca_mean_cosine: beside.meanCosine, pca_reconstruction: beside.reconstruction }),
    mean_squared_error: meanSquaredError,
    characters,
    within_semitone: withinSemitone,
    split,
    images,
    data: data.name,
  };
  print(result, lines, json);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

async function estimated(
  run: Run,
  data: Dataset,
  { split, importanceSamples = 1, json }: Flags,
  at: HostOptions,
): Promise<LogLikelihood> {
  const view = imagesView();
  try {
    return await run.logLikelihood(data, {
      ...{ ...at, split, samples: importanceSamples },
      onProgress: json ? undefined : view.show,
    });
  } finally {
    view.end();
  }
}

/** The comparison of a linear model; where it can't be made, that is said, and all else is still worth printing. */
async function besidePrincipal(
  run: Run,
  data: Dataset,
  split: SplitName,
  at: HostOptions,
): Promise<BesidePrincipal | null> {
  try {
    return await run.principal(data, split, at);
  } catch (error) {
    if (!(error instanceof IsthmusError)) throw error;
    say(`left out, the comparison with principal components: ${error.message}`);
    return null;
  }
}

function likelihoodLine({ nll, nllStandardError, elbo, samples }: LogLikelihood): string {
  return `NLL ${nll.toFixed(2)} ± ${nllStandardError.toFixed(2)} nats with ${showCount(samples)} importance samples (ELBO ${elbo.toFixed(2)})`;
}

function principalLine({ meanCosine, reconstruction }: BesidePrincipal): string {
  return `principal components of the training images: reconstruction ${reconstruction.toFixed(2)}; mean cosine of the angles to them ${meanCosine.toFixed(4)}`;
}

function linesOf({
  klPerDimension,
  activeUnits,
  perplexity,
  codesUsed,
  codes,
  meanActivation,
}: Measures): string[] {
  const lines: string[] = [];
  if (klPerDimension !== undefined) {
    lines.push(`active units ${activeUnits} of ${klPerDimension.length}; kl of each latent dimension:`);
    const width = String(klPerDimension.length).length;
    for (let start = 0; start < klPerDimension.length; start += ROW) {
      const row = klPerDimension.slice(start, start + ROW).map((kl) => kl.toFixed(2).padStart(6));
      lines.push(`  ${String(start).padStart(width)} ${row.join("")}`);
    }
  }
  if (perplexity !== undefined)
    lines.push(
      `codebook: ${codesUsed} of ${codes} codes used (${((100 * codesUsed!) / codes!).toFixed(0)} %), perplexity ${perplexity.toFixed(1)}`,
    );
  if (meanActivation !== undefined) lines.push(`mean activation of the code ${meanActivation.toFixed(4)}`);
  return lines;
}
