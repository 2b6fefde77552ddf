/** The data sets that Isthmus makes itself, from a seed: digits, lines of text and tones. */
import type { Dataset, Medium } from "../../src/data/dataset.ts";
import { drawDigits } from "../../src/data/digits/digits.ts";
import type { Images } from "../../src/data/images.ts";
import { drawLines, LINE_LENGTH, lineAlphabet } from "../../src/data/lines.ts";
import { divide } from "../../src/data/split.ts";
import { imagesOfLines } from "../../src/data/text.ts";
import { drawTones, TONE_RATE } from "../../src/data/tones.ts";
import { sealed } from "./fingerprint.ts";
import type { Division } from "./parts.ts";

interface Drawn {
  readonly images: Images;
  readonly labels: Uint8Array | null;
}

/** How many there are in all, how many of them validate and test, and how the first `count` are drawn. */
interface Generator {
  readonly total: number;
  readonly validation: number;
  readonly test: number;
  readonly classes: readonly string[] | null;
  readonly medium: Medium;
  readonly draw: (count: number, seed: number) => Drawn;
}

const generators = {
  digits: {
    total: 24_000,
    validation: 2000,
    test: 2000,
    classes: [..."0123456789"],
    medium: { kind: "image" },
    draw: drawDigits,
  },
  lines: {
    total: 63_000,
    validation: 2000,
    test: 1000,
    classes: null,
    medium: { kind: "text", alphabet: lineAlphabet },
    draw: (count, seed) => ({
      images: imagesOfLines(drawLines(count, seed), lineAlphabet, LINE_LENGTH),
      labels: null,
    }),
  },
  tones: {
    total: 14_000,
    validation: 1000,
    test: 1000,
    classes: null,
    medium: { kind: "sound", rate: TONE_RATE },
    draw: (count, seed) => ({ images: drawTones(count, seed).images, labels: null }),
  },
} satisfies Readonly<Record<string, Generator>>;

export type GeneratedName = keyof typeof generators;

export function isGenerated(name: string): name is GeneratedName {
  return Object.hasOwn(generators, name);
}

/** Drawn with one seed: first what is for test, then what is for validation, then as many as are trained on. */
export function loadGenerated(name: GeneratedName, { validation, test, limit, seed = 1 }: Division): Dataset {
  const { total, classes, medium, draw, ...held }: Generator = generators[name];
  const shares = { validation: validation ?? held.validation, test: test ?? held.test };
  const ranges = divide(total, shares, name);
  const tested = ranges.test.end - ranges.test.start;
  const kept = total - ranges.train.end;
  const count = Math.min(total, kept + (limit ?? total));
  const { images, labels } = draw(count, seed);
  const take = (start: number, end: number) => ({
    images: images.slice(start, end),
    labels: labels?.subarray(start, end) ?? null,
    origin: `${name}[${start}:${end}] of seed ${seed}`,
  });
  return sealed(
    name,
    { train: take(kept, count), validation: take(tested, kept), test: take(0, tested), classes },
    medium,
  );
}
