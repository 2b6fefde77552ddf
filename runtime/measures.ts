/** What an evaluation says of the code as a whole: how much of it is used. */
import type { Evaluated } from "./evaluate.ts";

/** Variance of the posterior mean over images from which a dimension counts as active (Burda et al. 2016, §5.2). */
const ACTIVE = 0.01;

/** What is known of a kind of code; the rest is left out. */
export interface Measures {
  /** Of a variational model, in nats: KL(q ‖ prior) of each latent dimension, on average over the images. */
  readonly klPerDimension?: readonly number[];
  /** Latent dimensions whose posterior mean varies with the image (Burda et al. 2016, §5.2). */
  readonly activeUnits?: number;
  /** Of a codebook: as many codes, each as often, would have the same entropy. */
  readonly perplexity?: number;
  /** Codes that any image uses, and how many there are. */
  readonly codesUsed?: number;
  readonly codes?: number;
  /** Of a sparse code: the mean over its units and the images. */
  readonly meanActivation?: number;
}

/** Sums up the details of an evaluation. */
export function measuresOf({ details }: Pick<Evaluated, "details">): Measures {
  const { kl_per_dimension: kl, mean: code, code_usage: usage, activation } = details;
  return {
    ...(kl && { klPerDimension: [...kl.mean] }),
    ...(code && { activeUnits: code.variance.filter((variance) => variance > ACTIVE).length }),
    ...(usage && {
      perplexity: Math.exp(entropy(usage.mean)),
      codesUsed: usage.mean.filter((share) => share > 0).length,
      codes: usage.mean.length,
    }),
    ...(activation && {
      meanActivation: activation.mean.reduce((sum, value) => sum + value, 0) / activation.mean.length,
    }),
  };
}

/** −Σ p log p, in nats. */
function entropy(shares: Float64Array): number {
  return shares.reduce((sum, share) => (share > 0 ? sum - share * Math.log(share) : sum), 0);
}
