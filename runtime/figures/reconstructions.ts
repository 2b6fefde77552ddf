/** Figures of what comes back of images: reconstructed, restored or remembered. */

import { Batch } from "../../graphs/batch.ts";
import { type CorruptionConfig, corruptionOf } from "../../graphs/corruption.ts";
import { Images } from "../../src/data/images.ts";
import { graph } from "../../src/ir/graph.ts";
import { batchFeeds, streamsOf } from "../evaluate.ts";
import { codeOf, type Floats, rows } from "../models.ts";
import { denoised } from "../pictures/grids.ts";
import type { Picture } from "../pictures/picture.ts";
import { Session } from "../session.ts";
import type { Study } from "./study.ts";

/** Originals and what is left of them; of a memory, what it holds and what it draws; of what denoises, what it was shown. */
export async function reconstructionFigure(study: Study): Promise<Picture> {
  const { shown, codes, gallery, facts, noun, decode } = study;
  const { corruption } = { corruption: undefined, ...study.config.model };
  if (corruption !== undefined && study.data.medium.kind === "image")
    return denoisingFigure(study, corruption);
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
async function denoisingFigure(study: Study, corruption: CorruptionConfig): Promise<Picture> {
  const { config, encoder, gallery, shown, decode } = study;
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
