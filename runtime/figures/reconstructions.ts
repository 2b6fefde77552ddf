/** Figures of what comes back of images: reconstructed, restored, remembered, and between two of them. */

import { Batch } from "../../graphs/batch.ts";
import { corruptionOf } from "../../graphs/corruption.ts";
import { Images } from "../../src/data/images.ts";
import { Random } from "../../src/data/random.ts";
import { graph } from "../../src/ir/graph.ts";
import { batchFeeds, streamsOf } from "../evaluate.ts";
import { codeOf, type Floats, interpolate, joined, rows } from "../models.ts";
import { denoised } from "../pictures/grids.ts";
import type { Picture } from "../pictures/picture.ts";
import { Session } from "../session.ts";
import type { Study } from "./study.ts";

/** Originals and what is left of them; of a memory, what it holds and what it draws. */
export async function reconstructionFigure(study: Study): Promise<Picture> {
  const { shown, codes, gallery, facts, noun, decode } = study;
  const originals = shown.slice(0, gallery.pairs);
  const decoded = await decode(rows(codes, 0, gallery.pairs), originals.labels);
  const picture = await gallery.reconstructed(originals, decoded);
  if (!facts.isMemory) return picture;
  const { count } = study.data.train.images;
  return {
    ...picture,
    title: "What it remembers",
    caption: `${originals.count === count ? (count === 1 ? `The ${noun}` : `All ${count} ${noun}s`) : `The first ${originals.count} of the ${count} ${noun}s`} that the model holds in its weights, and under each what the decoder draws from its code. It knows no others.`,
    alt: `${originals.count} training ${noun}s beside what the model draws from their codes`,
  };
}

/** What the encoder of a denoising model is shown, and what it makes of that. */
export async function denoisingFigure(study: Study): Promise<Picture | null> {
  const { config, data, encoder, gallery, shown, decode } = study;
  const { corruption } = { corruption: undefined, ...config.model };
  if (corruption === undefined || data.medium.kind !== "image") return null;
  const originals = shown.slice(0, gallery.pairs);
  const batch = new Batch(config.model.image, "batch");
  const outputs = { shown: corruptionOf(corruption, config.model.image)(batch) };
  const session = await Session.open(graph("corruption", batch.inputs, outputs), study.host, study.at);
  try {
    const streams = streamsOf(batch.feeds, config.training.seed);
    const results = await session.run(batchFeeds(batch.feeds, originals, 0, streams));
    const corrupted = results.shown as Floats;
    const restored = await decode(
      codeOf(await encoder.encode(corrupted, originals.labels)),
      originals.labels,
    );
    return denoised(originals, Images.fromTensor(corrupted), Images.fromTensor(restored));
  } finally {
    await session.release();
  }
}

/** From the code of one image to that of another, where what lies between two codes means something. */
export async function walkFigure(study: Study): Promise<Picture | null> {
  const { shown, codes, config, gallery, decoder, decode } = study;
  if (!areContinuous(study) || shown.count < 2) return null;
  const { count, steps } = gallery.walks;
  const { isConditional } = decoder;
  const pairs = pairsOf(shown, count, isConditional, config.training.seed);
  const ends = (side: 0 | 1) => joined(pairs.map((pair) => rows(codes, pair[side], pair[side] + 1)));
  const labels = pairs.flatMap(([from]) => new Array<number>(steps).fill(shown.labels?.[from] ?? 0));
  const decoded = await decode(interpolate(ends(0), ends(1), steps), labels);
  const picture = await gallery.walked(decoded, steps);
  const { noun } = study;
  if (study.facts.isMemory)
    return { ...picture, caption: picture.caption.replaceAll(`one test ${noun}`, `one of its ${noun}s`) };
  return isConditional
    ? { ...picture, caption: `${picture.caption} Both are of one class, which the model is told.` }
    : picture;
}

/**
 * Whether codes are places, with others between them: not vectors of a codebook, and not the names, zeros and a one,
 * by which a memory tells what it holds apart.
 */
export function areContinuous({ details, facts, codes }: Study): boolean {
  const areNames = facts.isMemory === true && codes.data.every((value) => value === 0 || value === 1);
  return details.code_usage === undefined && !areNames;
}

type Pair = readonly [from: number, to: number];

/** Positions of two images each: of different classes where there are any, or of the same one. */
function pairsOf({ count, labels }: Images, wanted: number, areAlike: boolean, seed: number): Pair[] {
  const order = [...new Random(seed, "interpolations").permutation(count)];
  return Array.from({ length: wanted }, (_, i): Pair => {
    const from = order[i % count]!;
    const rest = order.slice((wanted + 3 * i) % count);
    const fits = (to: number) => to !== from && (labels?.[to] === labels?.[from]) === areAlike;
    return [from, rest.find(fits) ?? rest.find((to) => to !== from) ?? order.find((to) => to !== from)!];
  });
}
