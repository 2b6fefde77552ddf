/** How unusual the images are that a model was trained on: what others are compared with. */
import { evaluation } from "../graphs/evaluation.ts";
import { factsOf } from "../graphs/families.ts";
import type { Images } from "../src/data/images.ts";
import { Random } from "../src/data/random.ts";
import type { Quantiles } from "./about.ts";
import { exportModel, type Trained } from "./export.ts";
import type { Host, HostOptions } from "./host/host.ts";
import { type Scores, scoresOf } from "./scores.ts";
import { Session } from "./session.ts";

const levels = [0.5, 0.9, 0.95, 0.99, 0.999];

/** As many images as say where the thousandth of them lies; and how many are measured a run. */
const SAMPLE = 2000;
const BATCH = 500;

/**
 * Quantiles of the scores of 2,000 of the training images, drawn with the training's seed, or of all where there are
 * fewer. Null for a memory, which knows no other images than these, and where the training went to infinity.
 */
export async function quantilesOf(
  trained: Trained,
  images: Images,
  host: Host,
  options: HostOptions = {},
): Promise<Quantiles | null> {
  if (factsOf(trained.model).isMemory) return null;
  const { feeds } = evaluation(trained.model);
  const order = new Random(trained.training.seed, "quantiles").permutation(images.count);
  const sample = images.pick(order.subarray(0, SAMPLE));
  const session = await Session.load(exportModel("evaluation", trained), "evaluation", host, options);
  const parts: Scores[] = [];
  try {
    for (let start = 0; start < sample.count; start += BATCH) {
      const part = sample.slice(start, start + BATCH);
      const label = part.labels && part.labelTensor();
      parts.push(await scoresOf((feeds) => session.run(feeds), feeds, part.toTensor(), label));
    }
  } finally {
    await session.release();
  }
  const all = {
    images: sample.count,
    levels,
    reconstruction: quantiles(parts.map(({ reconstruction }) => reconstruction)),
    negativeElbo: parts.some(({ negativeElbo }) => negativeElbo === null)
      ? null
      : quantiles(parts.map(({ negativeElbo }) => negativeElbo!)),
  };
  return [...all.reconstruction, ...(all.negativeElbo ?? [])].every(Number.isFinite) ? all : null;
}

/** The values that shares of all lie at or below, in between interpolated linearly. */
function quantiles(parts: readonly Float64Array[]): number[] {
  const sorted = Float64Array.from(parts.flatMap((part) => [...part])).sort();
  return levels.map((level) => {
    const at = level * (sorted.length - 1);
    const below = sorted[Math.floor(at)]!;
    return below + (at % 1) * (sorted[Math.ceil(at)]! - below);
  });
}
