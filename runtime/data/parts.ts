/** How what was found, files or lines, is divided into splits, and the labels that folders give. */
import { Random } from "../../src/data/random.ts";
import { divide, type Range, TEST_SHARE, validationShare } from "../../src/data/split.ts";
import type { DataFile } from "./layout.ts";

/** How a data set without splits of its own is to be divided. */
export interface Division {
  /** The share that validates where nothing is for it: below 1 a part, else a number. */
  readonly validation?: number | undefined;
  /** The share that tests where nothing is for it, likewise; a tenth where nobody says. */
  readonly test?: number | undefined;
  /** Take only this many to train on, the first in the order drawn. */
  readonly limit?: number | undefined;
  /** The seed of the order in which they are taken; 0 where nobody says. */
  readonly seed?: number | undefined;
}

/** What one split is made of, and how it was taken. */
export interface Part<T> {
  readonly items: readonly T[];
  readonly origin: string;
}

/** What was found: validation and test are null where nothing is theirs. */
interface Found<T> {
  readonly train: readonly T[];
  readonly validation: readonly T[] | null;
  readonly test: readonly T[] | null;
}

/**
 * Training, validation and test: as they were found, or else taken from the training items in an order drawn with the
 * seed, the last of it for test and what comes before (a tenth, at most 2,000) for validation.
 *
 * Throws, naming `place` and `noun` (what the items are), where there are too few.
 */
export function partsOf<T>(
  found: Found<T>,
  place: string,
  noun: string,
  { validation, test = TEST_SHARE, limit, seed = 0 }: Division,
): readonly [train: Part<T>, validation: Part<T>, test: Part<T>] {
  const order = new Random(seed, "split").permutation(found.train.length);
  const pool = Array.from(order, (position) => found.train[position]!);
  const shares = {
    validation: found.validation === null ? (validation ?? validationShare(pool.length)) : 0,
    test: found.test === null ? test : 0,
  };
  const ranges = divide(pool.length, shares, place, noun);
  const cut = ({ start, end }: Range): Part<T> => ({
    items: pool.slice(start, end),
    origin: `${noun}[${start}:${end}] of ${pool.length} in the order of seed ${seed}`,
  });
  const whole = (items: readonly T[], split: string): Part<T> => ({ items, origin: `${split} folder` });
  const { start, end } = ranges.train;
  return [
    cut({ start, end: Math.min(end, limit ?? end) }),
    found.validation === null ? cut(ranges.validation) : whole(found.validation, "validation"),
    found.test === null ? cut(ranges.test) : whole(found.test, "test"),
  ];
}

/** The classes of the splits that have them, sorted; null where none has, or where a byte can't number them all. */
export function classNames(parts: readonly Part<DataFile>[]): string[] | null {
  const names = parts.filter(isLabelled).flatMap(({ items }) => items.map(({ className }) => className!));
  const classes = [...new Set(names)].sort();
  return classes.length === 0 || classes.length > 256 ? null : classes;
}

function isLabelled({ items }: Part<DataFile>): boolean {
  return items.every(({ className }) => className !== null);
}

/** The class number of each file, or null where the split has no classes. */
export function labelsOf(part: Part<DataFile>, classes: readonly string[] | null): Uint8Array | null {
  if (classes === null || !isLabelled(part)) return null;
  const numbers = new Map(classes.map((name, number) => [name, number]));
  return Uint8Array.from(part.items, ({ className }) => numbers.get(className!)!);
}
