/** What comes back of an image, against changes whose size is known. */
import { expect, test } from "vitest";
import { fidelityOf } from "../../runtime/fidelity.ts";
import { Images } from "../../src/data/images.ts";
import { imagesOfLines } from "../../src/data/text.ts";

test("a picture's mean squared error is of pixels in [0, 1]", () => {
  const image = { channels: 1, height: 1, width: 2 };
  const of = (...bytes: number[]) => new Images(image, Uint8Array.from(bytes));
  const black = of(0, 0, 0, 0);
  expect(fidelityOf({ kind: "image" }, black, black)).toEqual({ meanSquaredError: 0 });
  expect(fidelityOf({ kind: "image" }, black, of(255, 0, 0, 0))).toEqual({ meanSquaredError: 0.25 });
  expect(fidelityOf({ kind: "image" }, of(255, 255), of(204, 255)).meanSquaredError).toBeCloseTo(0.02, 12);
});

test("of a text the characters count, spaces at the end too", () => {
  const alphabet = " ab";
  const lines = (...texts: string[]) => imagesOfLines(texts, alphabet, 4);
  const of = (...texts: string[]) =>
    fidelityOf({ kind: "text", alphabet }, lines("abab", "ab"), lines(...texts));
  expect(of("abab", "ab")).toEqual({ characters: 1 });
  expect(of("abaa", "abb")).toEqual({ characters: 0.75 });
});

test("of sounds those with a pitch count, and less than a semitone is near", () => {
  const rate = 8000;
  const tones = (...pitches: (number | null)[]) => {
    const samples = pitches.flatMap((pitch) =>
      Array.from({ length: 1024 }, (_, i) =>
        pitch === null ? 128 : Math.round(128 + 100 * Math.sin((2 * Math.PI * pitch * i) / rate)),
      ),
    );
    return new Images({ channels: 1, height: 1, width: 1024 }, Uint8Array.from(samples));
  };
  const of = (...pitches: (number | null)[]) =>
    fidelityOf({ kind: "sound", rate }, tones(220, 440, 330, 250, null), tones(...pitches)).withinSemitone;
  expect(of(220, 440, 330, 250, 440)).toBe(1);
  // Half a semitone, one and a half down, another octave, and silence.
  expect(of(220 * 2 ** (1 / 24), 440 * 2 ** (-1 / 8), 660, null, null)).toBe(0.25);
});
