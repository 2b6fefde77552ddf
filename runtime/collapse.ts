/** Posterior collapse: codes that say nothing of their images. */
import { instantiate, type ModelDescription } from "../graphs/families.ts";
import type { Losses } from "./losses.ts";

/** Nats: a code that says which of two kinds an image is of costs ln 2. */
const NOTHING = 0.1;

/**
 * What to tell whoever trains a variational model whose KL divergence has died, so that every image gets the same code
 * (Bowman et al. 2016, §3.1); null where it has not, or the model has none.
 */
export function collapseOf(description: ModelDescription, { kl }: Losses): string | null {
  const isVariational = instantiate(description).model.weighing !== undefined;
  if (!isVariational || kl >= NOTHING) return null;
  return `the KL divergence is ${kl.toFixed(2)} nats: the codes say nothing of the images (posterior collapse); try --initialiser glorot, a lower --learning-rate, a lower --kl-weight or --kl-warmup`;
}
