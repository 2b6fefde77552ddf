/** What a precision costs: ranges of activations from images, and the loss of the models that are made with it. */
import { halvesEvaluation } from "../graphs/evaluation.ts";
import type { Images } from "../src/data/images.ts";
import { fail } from "../src/ir/error.ts";
import type { Tensors } from "../src/ir/tensor.ts";
import { type Ranges, rangesOf } from "../src/passes/quantise.ts";
import { BATCH, batchFeeds, Evaluator, streamsOf } from "./evaluate.ts";
import { bound, type Trained } from "./export.ts";
import type { Host, HostOptions } from "./host/host.ts";
import { type Precision, withPrecision } from "./precision.ts";
import { Session } from "./session.ts";

/** The model, its weights, and where its training's random numbers come from. */
type Subject = Pick<Trained, "model" | "training" | "parameters">;

/**
 * The ranges of what the layers of both halves are fed with when images go through them, codes drawn as in evaluation.
 * Throws where there are no images, or no layers.
 */
export async function calibrate(
  { model, training, parameters }: Subject,
  images: Images,
  host: Host,
  options: HostOptions = {},
): Promise<Ranges> {
  if (images.count === 0) fail("calibration", "there are no images");
  const { graph, feeds } = halvesEvaluation(model);
  const session = await Session.open(rangesOf(bound(graph, model, parameters)), host, options);
  try {
    const streams = streamsOf(feeds, training.seed);
    const ranges: Record<string, readonly [number, number]> = {};
    for (let start = 0; start < images.count; start += BATCH) {
      const part = images.slice(start, start + BATCH);
      const seen = (await session.run(batchFeeds(feeds, part, start, streams))) as Tensors;
      for (const [output, { data }] of Object.entries(seen)) {
        const [, weight = "", end] = /^(.*)\.(low|high)$/.exec(output) ?? [];
        const [low, high] = ranges[weight] ?? [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
        const value = Number(data[0]);
        ranges[weight] = end === "low" ? [Math.min(low, value), high] : [low, Math.max(high, value)];
      }
    }
    return ranges;
  } finally {
    await session.release();
  }
}

/** What the halves of a model make of images, on average over them. */
export interface HalvesLoss {
  readonly reconstruction: number;
  /** In nats; of a model without a lower bound there is none. */
  readonly elbo?: number;
}

/**
 * The loss of a model whose encoder and decoder have a precision, or are as they were trained: what `Evaluator` measures,
 * by the layers of the exported files over the same integers.
 */
export async function lossWith(
  { model, training, parameters }: Subject,
  precision: Precision | undefined,
  images: Images,
  host: Host,
  options: HostOptions = {},
): Promise<HalvesLoss> {
  const { graph, isBound, ...rest } = halvesEvaluation(model);
  const whole = bound(graph, model, parameters);
  const measured = precision === undefined ? whole : withPrecision(whole, precision);
  const evaluator = await Evaluator.of({ ...rest, graph: measured as typeof graph }, host, options);
  try {
    const { reconstruction, kl } = await evaluator.losses({}, images, training);
    return isBound ? { reconstruction, elbo: -(reconstruction + kl) } : { reconstruction };
  } finally {
    await evaluator.release();
  }
}
