/** Losses as numbers: means over images, in nats per image. */

/** The two terms of a loss, and the loss; some models have another penalty in the place of the KL divergence. */
export interface Losses {
  /** reconstruction + kl_weight · kl */
  readonly loss: number;
  readonly reconstruction: number;
  readonly kl: number;
}
