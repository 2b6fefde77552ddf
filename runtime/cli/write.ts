/** What images that a model made are written as: pictures, pixels, lines of text or sound. */
import type { Medium } from "../../src/data/dataset.ts";
import { Images } from "../../src/data/images.ts";
import { linesOf } from "../../src/data/text.ts";
import { fail } from "../../src/ir/error.ts";
import { writeWav } from "../data/wav.ts";
import { writeWhole } from "../host/file.ts";
import { type Floats, joined, rows } from "../models.ts";
import { writeNpy } from "../npy.ts";
import type { Picture } from "../pictures/picture.ts";
import { say, showCount } from "./output.ts";
import { asked, requireEnding } from "./usage.ts";

/** More than this make a picture that few programs open. */
const MOST_SHOWN: Readonly<Record<Medium["kind"], number>> = { image: 400, text: 400, sound: 64 };
/** Clips that follow one another are this many seconds apart. */
const PAUSE = 0.25;
const SILENCE = 128;

/** What the endings of files are for, where they are not for every medium. */
const media: Readonly<Record<string, Medium["kind"]>> = { ".txt": "text", ".wav": "sound" };

/** Throws unless a file can be what the call says, by its ending; `pixels` are one more thing that it may be. */
export function requireOutput(path: string, pixels: readonly string[] = []): Promise<void> {
  return requireEnding(path, [".png", ...pixels, ...Object.keys(media)]);
}

/** Throws where the ending is for another medium than the model's. */
export function requireMedium(path: string, { kind }: Medium): Promise<void> {
  const [ending, wanted] = Object.entries(media).find(([ending]) => path.endsWith(ending)) ?? [];
  return asked(() => {
    if (wanted !== undefined && wanted !== kind)
      fail(
        path,
        `a ${ending} file is for ${wanted}, and the model makes ${kind === "image" ? "images" : kind}`,
      );
  });
}

/** Writes decoded images: all of them, but for a picture of too many. */
export async function writeDecoded(
  path: string,
  images: Floats,
  medium: Medium,
  picture: (images: Floats) => Promise<Picture>,
): Promise<void> {
  const most = MOST_SHOWN[medium.kind];
  if (path.endsWith(".npy")) await writeWhole(path, writeNpy(images));
  else if (path.endsWith(".png")) await writeWhole(path, (await picture(rows(images, 0, most))).png);
  else if (medium.kind === "text") await writeLines(path, linesOf(images, medium.alphabet));
  else await writeClips(path, Images.fromTensor(images), medium);
  const [count = 0] = images.shape;
  const isCut = path.endsWith(".png") && count > most;
  const other = medium.kind === "text" ? ".txt" : medium.kind === "sound" ? ".wav" : ".npy";
  say(isCut ? `${path}   the first ${most} of ${showCount(count)}; a ${other} file holds all` : path);
}

/** Writes images and what came back of them: pairs of clips, or lines with a tab between. */
export async function writePairs(
  path: string,
  originals: Images,
  decoded: Floats,
  medium: Medium,
  picture: () => Promise<Picture>,
): Promise<void> {
  if (path.endsWith(".png")) await writeWhole(path, (await picture()).png);
  else if (medium.kind === "text") {
    const [before, after] = [linesOf(originals, medium.alphabet), linesOf(decoded, medium.alphabet)];
    await writeLines(
      path,
      before.map((line, i) => `${line.trimEnd()}\t${after[i]!}`),
    );
  } else {
    const given = originals.toTensor();
    const pairs = Array.from({ length: originals.count }, (_, i) => [
      rows(given, i, i + 1),
      rows(decoded, i, i + 1),
    ]);
    await writeClips(path, Images.fromTensor(joined(pairs.flat())), medium);
  }
  say(path);
}

function writeLines(path: string, lines: readonly string[]): Promise<void> {
  return writeWhole(path, lines.map((line) => `${line.trimEnd()}\n`).join(""));
}

/** Clips one after the other, with a pause between. */
function writeClips(path: string, { image, count, data }: Images, medium: Medium): Promise<void> {
  const rate = medium.kind === "sound" ? medium.rate : fail(path, "there are no clips to write");
  const pace = image.width + Math.round(PAUSE * rate);
  const samples = new Uint8Array(count * pace).fill(SILENCE);
  for (let i = 0; i < count; i++)
    samples.set(data.subarray(i * image.width, (i + 1) * image.width), i * pace);
  return writeWhole(path, writeWav(samples, rate));
}
