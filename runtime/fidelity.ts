/** How much of a line of text or a tone is left after it went through the code: what a reader or a listener would say. */
import type { Medium } from "../src/data/dataset.ts";
import type { Images } from "../src/data/images.ts";
import { pitchOf } from "../src/data/pitch.ts";
import { linesOf } from "../src/data/text.ts";

/** A semitone, the twelfth root of 2. */
const SEMITONE = 2 ** (1 / 12);

/** Shares, from 0 to 1. */
export interface Fidelity {
  /** Of the characters, those that come back. */
  readonly characters?: number;
  /** Of the sounds that have a pitch, those whose pitch comes back to less than a semitone. */
  readonly withinSemitone?: number;
}

/** Of lines of text (spaces at the end are characters too) or of sounds; nothing of pictures, whose loss says it all. */
export function fidelityOf(medium: Medium, originals: Images, reconstructed: Images): Fidelity {
  switch (medium.kind) {
    case "image":
      return {};
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
