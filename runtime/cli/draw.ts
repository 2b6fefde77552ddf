/** `isthmus sample`, `reconstruct` and `interpolate`: the commands that make pictures. */
import { Images } from "../../src/data/images.ts";
import { Random } from "../../src/data/random.ts";
import { fail } from "../../src/ir/error.ts";
import { writeWhole } from "../host/file.ts";
import { codeOf, type Floats, interpolate, rows } from "../models.ts";
import { writeNpy } from "../npy.ts";
import { interpolations, reconstructions, samples } from "../pictures/grids.ts";
import { say, showCount } from "./output.ts";
import { chosen, type DataFlags, dataFor, openDecoder, openRun, type RuntimeFlags } from "./source.ts";
import { requireEnding } from "./usage.ts";

interface Flags extends RuntimeFlags {
  readonly out: string;
}

/** More images than this make a picture that few programs open. */
const MOST_SHOWN = 400;

/** Writes decoded images as pixels (`.npy`) or as a picture (`.png`) of the first of them. */
export async function writeImages(path: string, images: Floats): Promise<void> {
  if (path.endsWith(".npy")) await writeWhole(path, writeNpy(images));
  else await writeWhole(path, (await samples(Images.fromTensor(rows(images, 0, MOST_SHOWN)))).png);
  const [count = 0] = images.shape;
  const isCut = path.endsWith(".png") && count > MOST_SHOWN;
  say(
    isCut ? `${path}   the first ${MOST_SHOWN} of ${showCount(count)} images; a .npy file holds all` : path,
  );
}

export async function sampleCommand(
  path: string,
  flags: Flags & { readonly count: number; readonly seed: number },
): Promise<void> {
  await requireEnding(flags.out, [".png", ".npy"]);
  const decoder = await openDecoder(path, flags);
  await writeImages(flags.out, await decoder.sample(flags.count, flags.seed));
}

export async function reconstructCommand(
  path: string,
  flags: Flags & DataFlags & { readonly count: number },
): Promise<void> {
  await requireEnding(flags.out, [".png"]);
  const run = await openRun(path);
  const data = await dataFor(run, flags);
  const originals = data.test.images.slice(0, flags.count);
  const at = await chosen(flags);
  const [encoder, decoder] = [await run.encoder(at), await run.decoder(at)];
  const decoded = await decoder.decode(codeOf(await encoder.encode(originals)));
  await writeWhole(flags.out, (await reconstructions(originals, Images.fromTensor(decoded))).png);
  say(flags.out);
}

export async function interpolateCommand(
  path: string,
  flags: Flags & DataFlags & { readonly rows: number; readonly steps: number; readonly seed: number },
): Promise<void> {
  await requireEnding(flags.out, [".png"]);
  const run = await openRun(path);
  const { images } = (await dataFor(run, flags)).test;
  if (images.count < 2) fail("interpolate", "needs at least two test images");
  const order = new Random(flags.seed, "interpolate").permutation(images.count);
  const pick = (offset: number) =>
    images.pick(Array.from({ length: flags.rows }, (_, i) => order[(2 * i + offset) % images.count]!));
  const at = await chosen(flags);
  const [encoder, decoder] = [await run.encoder(at), await run.decoder(at)];
  const [from, to] = [codeOf(await encoder.encode(pick(0))), codeOf(await encoder.encode(pick(1)))];
  const decoded = Images.fromTensor(await decoder.decode(interpolate(from, to, flags.steps)));
  await writeWhole(flags.out, (await interpolations(decoded, flags.steps)).png);
  say(flags.out);
}
