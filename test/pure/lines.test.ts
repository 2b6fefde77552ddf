/** The embedded lines: reproducible, of one length, with all of the alphabet and hardly one twice; and text as images. */
import { describe, expect, it } from "vitest";
import { drawLines, LINE_LENGTH, lineAlphabet } from "../../src/data/lines.ts";
import { imagesOfLines, linesOf } from "../../src/data/text.ts";
import { tensor } from "../../src/ir/tensor.ts";

const lines = drawLines(20_000, 1);

describe("drawLines", () => {
  it("begins a longer set with the shorter one, and differs by seed", () => {
    expect(drawLines(50, 1)).toEqual(lines.slice(0, 50));
    const other = drawLines(50, 2);
    expect(other.filter((line, i) => line === lines[i])).toEqual([]);
  });

  it("has lines of 24 characters that make use of the whole alphabet", () => {
    expect(new Set(lines.map((line) => line.length))).toEqual(new Set([LINE_LENGTH]));
    expect([...new Set(lines.join(""))].sort().join("")).toBe([...lineAlphabet].sort().join(""));
    expect(lineAlphabet.length).toBeLessThanOrEqual(32);
    expect(lineAlphabet[0]).toBe(" ");
  });

  it("writes sentences: no word runs into another, and a and an stand where they should", () => {
    for (const line of lines) {
      expect(line).toMatch(/^[a-z]+(,? [a-z]+)+[.!?] *$/);
      expect(line).not.toMatch(/\ba [aeiou]|\ban [^aeiou]/);
    }
  });

  it("repeats so few lines that hundreds of thousands must be there", () => {
    // Of n draws from N equally likely lines about n²/2N are repeats.
    const repeats = lines.length - new Set(lines).size;
    expect(lines.length ** 2 / 2 / Math.max(1, repeats)).toBeGreaterThan(1_000_000);
  });
});

describe("lines as images", () => {
  it("come back from images and from what a decoder makes of them", () => {
    const images = imagesOfLines(lines.slice(0, 20), lineAlphabet, LINE_LENGTH);
    expect(images.image).toEqual({ channels: lineAlphabet.length, height: 1, width: LINE_LENGTH });
    expect(images.data.reduce((sum, byte) => sum + byte, 0)).toBe(255 * 20 * LINE_LENGTH);
    expect(linesOf(images, lineAlphabet)).toEqual(lines.slice(0, 20));
    expect(linesOf(images.toTensor(), lineAlphabet)).toEqual(lines.slice(0, 20));
  });

  it("are one-hot by character and place, with spaces at the end, and code points for characters", () => {
    const images = imagesOfLines(["é😀"], " é😀", 3);
    expect([...images.data].map((byte) => byte / 255)).toEqual([0, 0, 1, 1, 0, 0, 0, 1, 0]);
    expect(linesOf(images, " é😀")).toEqual(["é😀 "]);
    const soft = tensor("float32", [1, 2, 1, 2], Float32Array.of(0.2, 0.7, 0.4, 0.1));
    expect(linesOf(soft, "ab")).toEqual(["ba"]);
  });

  it("refuse what does not fit", () => {
    expect(() => imagesOfLines(["abc"], " abc", 2)).toThrow('text: "abc" has 3 characters, and 2 are held');
    expect(() => imagesOfLines(["x"], " a", 2)).toThrow('"x" has "x", which is not in the alphabet " a"');
    expect(() => imagesOfLines(["ab"], "aab ", 2)).toThrow('the alphabet "aab " has a character twice');
    const images = imagesOfLines(["a"], " a", 2);
    expect(() => linesOf(images, " ab")).toThrow(
      "text: 2 channels can't be read with an alphabet of 3 characters",
    );
  });
});
