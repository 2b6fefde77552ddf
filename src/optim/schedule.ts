/** Schedules: a number for every step of a run, computed on the host and fed to the training graph. */

/** A schedule as data; it scales a base value (the learning rate, or the weight of the KL term). */
export type Schedule =
  | { readonly kind: "constant" }
  /** From 0 to the base over the first `steps`, then constant. */
  | { readonly kind: "warmup"; readonly steps: number }
  /** After a linear warm-up, half a cosine down to `floor` · base at the last step (Loshchilov & Hutter 2017). */
  | { readonly kind: "cosine"; readonly warmup: number; readonly floor: number }
  /** Multiplied by `factor` every `steps`. */
  | { readonly kind: "step"; readonly steps: number; readonly factor: number };

/** The value at `step` (from 0) of a run of `total` steps. */
export function scheduled(schedule: Schedule, base: number, step: number, total: number): number {
  switch (schedule.kind) {
    case "constant":
      return base;
    case "warmup":
      return base * Math.min(1, (step + 1) / schedule.steps);
    case "step":
      return base * schedule.factor ** Math.floor(step / schedule.steps);
    case "cosine": {
      if (step < schedule.warmup) return (base * (step + 1)) / schedule.warmup;
      const progress = Math.min(1, (step - schedule.warmup) / Math.max(1, total - schedule.warmup));
      return base * (schedule.floor + ((1 - schedule.floor) * (1 + Math.cos(Math.PI * progress))) / 2);
    }
  }
}
