/** Losses as numbers: means over images, in nats per image. */

export interface Losses {
  /** reconstruction + kl_weight · kl */
  readonly loss: number;
  readonly reconstruction: number;
  readonly kl: number;
}
