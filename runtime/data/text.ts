/** A data set from a file of lines of text. */
import type { Dataset, Split } from "../../src/data/dataset.ts";
import { imagesOfLines } from "../../src/data/text.ts";
import { fail } from "../../src/ir/error.ts";
import { readBytes } from "../host/file.ts";
import { sealed } from "./fingerprint.ts";
import { type Division, type Part, partsOf } from "./parts.ts";

/** The most characters of a line, and kinds of characters of a file, that are taken. */
const LONGEST = 64;
const KINDS = 128;
const FILE_LIMIT = 256 * 2 ** 20;
const MEMORY_LIMIT = 2 ** 32 - 1;

/**
 * Reads a UTF-8 text file, one line a sample, as one-hot images `[lines, characters, 1, length]`: the alphabet is the
 * space and the characters that occur, in the order of their code points, and the length that of the longest line.
 * Spaces at the end of a line, and lines of nothing else, are passed over. The last tenth in an order drawn with the
 * seed is for test, and what comes before (a tenth, at most 2,000) for validation.
 *
 * Throws, naming the file, where it is no such text, or has lines of more than 64 characters or more than 128 kinds.
 */
export async function loadTextFile(
  path: string,
  options: Division & { readonly signal?: AbortSignal | undefined } = {},
): Promise<Dataset> {
  const lines = linesIn(decoded(await readBytes(path, FILE_LIMIT, options.signal), path), path);
  const kinds = new Set(" ");
  for (const line of lines) for (const character of line) kinds.add(character);
  if (kinds.size > KINDS) fail(path, `has ${kinds.size} kinds of characters, and at most ${KINDS} are taken`);
  const alphabet = [...kinds].sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!).join("");
  const length = lines.reduce((longest, line) => Math.max(longest, [...line].length), 0);
  const parts = partsOf({ train: lines, validation: null, test: null }, path, "lines", options);
  const held = parts.reduce((sum, { items }) => sum + items.length, 0);
  if (held * kinds.size * length > MEMORY_LIMIT)
    fail(path, `${held} lines of ${length}×${kinds.size} take more than the 4 GiB that are held: --limit N`);
  const split = ({ items, origin }: Part<string>): Split => ({
    images: imagesOfLines(items, alphabet, length),
    labels: null,
    origin,
  });
  const [train, validation, test] = parts;
  return sealed(
    path,
    { train: split(train), validation: split(validation), test: split(test), classes: null },
    { kind: "text", alphabet },
  );
}

function decoded(bytes: Uint8Array, path: string): string {
  try {
    // An accented letter may be one code point or two: one character of the alphabet either way, where it can be.
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes).normalize("NFC");
  } catch {
    fail(path, "is not UTF-8 text");
  }
}

function linesIn(text: string, path: string): string[] {
  const lines = text.split(/\r?\n/).map((line) => line.trimEnd());
  for (const [i, line] of lines.entries()) {
    const { length } = [...line];
    if (length > LONGEST)
      fail(path, `line ${i + 1} has ${length} characters, and at most ${LONGEST} are taken: break it up`);
  }
  const filled = lines.filter((line) => line !== "");
  if (filled.length === 0) fail(path, "holds no lines of text");
  return filled;
}
