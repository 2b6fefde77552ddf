/** How much of an image is left after it went through the code, in a measure that suits what it is. */
import type { Medium } from "../src/data/dataset.ts";
import type { Images } from "../src/data/images.ts";
import { pitchOf } from "../src/data/pitch.ts";
import { linesOf } from "../src/data/text.ts";

/** A semitone, the twelfth root of 2. */
const SEMITONE = 2 ** (1 / 12);

/** What can be said of a medium; the rest is left out. */
export interface Fidelity {
  /** Of the pixels of pictures, which are in [0, 1]. */
  readonly meanSquaredError?: number;
  /** Of the characters, the share of those that come back. */
  readonly characters?: number;
  /** Of the sounds that have a pitch, the share of those whose pitch comes back to less than a semitone. */
  readonly withinSemitone?: number;
}

/** Of pictures, of lines of text (spaces at the end are characters too), or of sounds. */
export function fidelityOf(medium: Medium, originals: Images, reconstructed: Images): Fidelity {
  switch (medium.kind) {
    case "image": {
      const sum = originals.data.reduce((all, byte, i) => all + (byte - reconstructed.data[i]!) ** 2, 0);
      return { meanSquaredError: sum / 255 ** 2 / originals.data.length };
    }
    case "text": {
      const [before, after] = [originals, reconstructed].map((images) =>
        linesOf(images, medium.alphabet).flatMap((line) => [...line]),
      );
      const kept = before!.filter((character, i) => character === after![i]).length;
      return { characters: kept / before!.length };
    }
    case "sound": {
      const pitches = (images: Images) =>
        Array.from({ length: images.count }, (_, i) => pitchOf(samplesOf(images, i), medium.rate));
      const after = pitches(reconstructed);
      const pairs = pitches(originals).flatMap((pitch, i) =>
        pitch === null ? [] : [[pitch, after[i]] as const],
      );
      const near = pairs.filter(
        ([pitch, other]) => other != null && Math.max(pitch / other, other / pitch) < SEMITONE,
      );
      return { withinSemitone: near.length / Math.max(1, pairs.length) };
    }
  }
}

/** One clip, as bytes with 128 for silence. */
function samplesOf(images: Images, position: number): Uint8Array {
  return images.slice(position, position + 1).data;
}
