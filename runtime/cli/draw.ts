/** `isthmus sample`, `reconstruct` and `interpolate`: the commands that make pictures. */
import { Images } from "../../src/data/images.ts";
import { fail } from "../../src/ir/error.ts";
import { galleryOf } from "../figures/gallery.ts";
import { ofEachClass } from "../figures/samples.ts";
import { pairsOf } from "../figures/walks.ts";
import { codeOf, type Floats, interpolate, priorCodes, rows } from "../models.ts";
import { classSamples } from "../pictures/grids.ts";
import { classesOf, classOf, type OpenDecoder } from "./classes.ts";
import {
  chosen,
  type DataFlags,
  dataFor,
  openDecoder,
  openRun,
  type RuntimeFlags,
  splitOf,
} from "./source.ts";
import { asked } from "./usage.ts";
import { requireMedium, requireOutput, writeDecoded, writePairs } from "./write.ts";

interface Flags extends RuntimeFlags {
  readonly out: string;
}

interface SampleFlags extends Flags {
  readonly count: number;
  readonly seed: number;
  readonly label?: string;
}

export async function sampleCommand(path: string, flags: SampleFlags): Promise<void> {
  await requireOutput(flags.out, [".npy"]);
  const opened = await openDecoder(path, flags);
  const { decoder, medium, facts } = opened;
  await requireMedium(flags.out, medium);
  await asked(() => {
    if (facts?.hasPrior === false)
      fail(
        path,
        "the model has no prior to draw codes from: see what it does by reconstruct or interpolate, or decode codes of your own",
      );
  });
  const label = await asked(() => classOf(opened, flags.label));
  if (decoder.isConditional && label === null) return sampleClasses(opened, flags);
  const { count, seed, out } = flags;
  const labels = label === null ? null : new Int32Array(count).fill(label);
  const decoded = await decoder.sample(count, seed, labels);
  await writeDecoded(out, decoded, medium, (images) => galleryOf(medium, images.shape[3]!).sampled(images));
}

/** The same codes for every class: a class after the other, and a row each in a picture. */
async function sampleClasses(opened: OpenDecoder, { count, seed, out }: SampleFlags): Promise<void> {
  const { decoder, medium } = opened;
  const classes = await asked(() => classesOf(opened));
  const columns = Math.ceil(count / classes.length);
  const { codes, labels } = ofEachClass(priorCodes(columns, decoder.latent, seed), classes.length);
  const decoded = await decoder.decode(rows(codes, 0, count), labels.subarray(0, count));
  await writeDecoded(out, decoded, medium, (images: Floats) =>
    medium.kind === "image"
      ? classSamples(Images.fromTensor(images), columns, classes)
      : galleryOf(medium, images.shape[3]!).sampled(images),
  );
}

export async function reconstructCommand(
  path: string,
  flags: Flags & DataFlags & { readonly count: number },
): Promise<void> {
  await requireOutput(flags.out);
  const run = await openRun(path);
  await requireMedium(flags.out, run.config.data.medium);
  const data = await dataFor(run, flags);
  const originals = data[splitOf(run)].images.slice(0, flags.count);
  const at = await chosen(flags);
  const [encoder, decoder] = [await run.encoder(at), await run.decoder(at)];
  const decoded = await decoder.decode(codeOf(await encoder.encode(originals)), originals.labels);
  const { medium } = run.config.data;
  await writePairs(flags.out, originals, decoded, medium, () =>
    galleryOf(medium, originals.image.width).reconstructed(originals, decoded),
  );
}

export async function interpolateCommand(
  path: string,
  flags: Flags & DataFlags & { readonly rows: number; readonly steps: number; readonly seed: number },
): Promise<void> {
  await requireOutput(flags.out);
  const run = await openRun(path);
  const { medium } = run.config.data;
  await requireMedium(flags.out, medium);
  const { images } = (await dataFor(run, flags))[splitOf(run)];
  if (images.count < 2) fail("interpolate", "needs at least two images");
  const at = await chosen(flags);
  const [encoder, decoder] = [await run.encoder(at), await run.decoder(at)];
  const pairs = pairsOf(images, flags.rows, decoder.isConditional, flags.seed);
  const [from, to] = [images.pick(pairs.map(([from]) => from)), images.pick(pairs.map(([, to]) => to))];
  const codes = interpolate(
    codeOf(await encoder.encode(from)),
    codeOf(await encoder.encode(to)),
    flags.steps,
  );
  const labels = from.labels && Array.from(from.labels).flatMap((label) => Array(flags.steps).fill(label));
  await writeDecoded(flags.out, await decoder.decode(codes, labels), medium, (decoded) =>
    galleryOf(medium, images.image.width).walked(decoded, flags.steps),
  );
}
