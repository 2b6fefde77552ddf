/** Schedules: a number for every moment of a run, computed on the host and fed to the training graph. */

/** A schedule as data: what a base value (a learning rate, the weight of the KL term) is multiplied with. In epochs. */
export type Schedule =
  | { readonly kind: "constant" }
  /** From 0 to 1 over the first `epochs`, then 1 (KL warm-up: Sønderby et al. 2016). */
  | { readonly kind: "warmup"; readonly epochs: number }
  /** After a linear warm-up, half a cosine down to `floor` at the end (Loshchilov & Hutter 2017). */
  | { readonly kind: "cosine"; readonly warmup: number; readonly floor: number }
  /** 1, then in a straight line to 0 over the last `share` of the run (Hu et al. 2024, MiniCPM's "stable, then decay"). */
  | { readonly kind: "decay"; readonly share: number }
  /** Multiplied by `factor` after every `epochs`. */
  | { readonly kind: "step"; readonly epochs: number; readonly factor: number }
  /** 10^(−i/7) for 3^i epochs, i = 0, 1, …, 7: 3,280 epochs in all (Burda et al. 2016, §5). */
  | { readonly kind: "burda" };

/** The factor at `epoch` (from 0, with a fraction for the steps within) of a run of `total` epochs. */
export function factorAt(schedule: Schedule, epoch: number, total: number): number {
  switch (schedule.kind) {
    case "constant":
      return 1;
    case "warmup":
      return Math.min(1, epoch / schedule.epochs);
    case "step":
      return schedule.factor ** Math.floor(epoch / schedule.epochs);
    // The first epoch of stage i is (3^i − 1) / 2.
    case "burda":
      return 10 ** (-Math.min(7, Math.floor(Math.log(2 * Math.floor(epoch) + 1) / Math.log(3) + 1e-9)) / 7);
    case "decay":
      return Math.min(1, Math.max(0, (total - epoch) / (schedule.share * total)));
    case "cosine": {
      if (epoch < schedule.warmup) return epoch / schedule.warmup;
      const falling = total - schedule.warmup;
      const progress = falling > 0 ? Math.min(1, (epoch - schedule.warmup) / falling) : 0;
      return schedule.floor + ((1 - schedule.floor) * (1 + Math.cos(Math.PI * progress))) / 2;
    }
  }
}
