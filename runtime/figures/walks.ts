/** Figures of what lies between two codes. */
import type { Images } from "../../src/data/images.ts";
import { Random } from "../../src/data/random.ts";
import { interpolate, joined, rows } from "../models.ts";
import type { Picture } from "../pictures/picture.ts";
import type { Study } from "./study.ts";

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

/** Positions of two images each, drawn with the seed: of different classes where there are any, or of the same one. */
export function pairsOf({ count, labels }: Images, wanted: number, areAlike: boolean, seed: number): Pair[] {
  const order = [...new Random(seed, "interpolations").permutation(count)];
  return Array.from({ length: wanted }, (_, i): Pair => {
    const from = order[i % count]!;
    const start = (wanted + 3 * i) % count;
    const rest = [...order.slice(start), ...order.slice(0, start)];
    const fits = (to: number) => to !== from && (labels?.[to] === labels?.[from]) === areAlike;
    return [from, rest.find(fits) ?? rest.find((to) => to !== from)!];
  });
}
