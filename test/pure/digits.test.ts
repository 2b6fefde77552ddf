/** The embedded digits: reproducible, balanced, framed as MNIST's are, and tellable from each other. */
import { describe, expect, it } from "vitest";
import { drawDigits } from "../../src/data/digits/digits.ts";
import { parsePath } from "../../src/data/digits/path.ts";
import { styles } from "../../src/data/digits/strokes.ts";

const SIDE = 28;
const SIZE = SIDE * SIDE;
const digits = drawDigits(2000, 1);

/** The share of white, the centre of mass and the share of ink in the outer two pixels of one image. */
function measure(image: Uint8Array) {
  let mass = 0;
  let x = 0;
  let y = 0;
  let rim = 0;
  image.forEach((byte, pixel) => {
    const row = Math.floor(pixel / SIDE);
    const column = pixel % SIDE;
    mass += byte;
    x += byte * (column + 0.5);
    y += byte * (row + 0.5);
    if (Math.min(row, column, SIDE - 1 - row, SIDE - 1 - column) < 2) rim += byte;
  });
  return { mean: mass / SIZE / 255, x: x / mass, y: y / mass, rim: rim / mass };
}

function imagesOf({ images, labels }: typeof digits) {
  return Array.from(labels, (label, i) => ({ label, image: images.slice(i, i + 1).data }));
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

describe("strokes", () => {
  it("has at least two styles of every digit", () => {
    expect(styles).toHaveLength(10);
    for (const digit of styles) expect(digit.length).toBeGreaterThanOrEqual(2);
  });

  it("has shapes that match point by point within a style, so that they blend", () => {
    for (const { share, shapes } of styles.flat()) {
      expect(Number.isInteger(share)).toBe(true);
      expect(shapes.length).toBeGreaterThanOrEqual(2);
      const [first, ...others] = shapes.map((shape) =>
        parsePath(shape).map((stroke) => stroke.map((knot) => knot.corner)),
      );
      for (const other of others) expect(other).toEqual(first);
    }
  });

  it("has only points in or near the box, and none twice in a row", () => {
    for (const stroke of styles.flat().flatMap(({ shapes }) => shapes.flatMap(parsePath))) {
      for (const [i, { x, y }] of stroke.entries()) {
        expect(Math.abs(x - 50)).toBeLessThanOrEqual(60);
        expect(Math.abs(y - 50)).toBeLessThanOrEqual(50);
        expect({ x, y }).not.toMatchObject({ x: stroke[i - 1]?.x, y: stroke[i - 1]?.y });
      }
    }
  });
});

describe("drawDigits", () => {
  it("draws the same bytes from the same seed", () => {
    const again = drawDigits(2000, 1);
    expect(Buffer.compare(again.images.data, digits.images.data)).toBe(0);
    expect(again.labels).toEqual(digits.labels);
  });

  it("begins a longer set with the shorter one, at any length", () => {
    for (const count of [0, 1, 7, 10, 123]) {
      const { images, labels } = drawDigits(count, 1);
      expect(images.image).toEqual({ channels: 1, height: SIDE, width: SIDE });
      expect(images.count).toBe(count);
      expect(images.data).toEqual(digits.images.slice(0, count).data);
      expect(labels).toEqual(digits.labels.subarray(0, count));
    }
  });

  it("draws other images, in another order, from another seed", () => {
    const other = imagesOf(drawDigits(100, 2));
    const same = imagesOf(digits).filter(
      ({ image }, i) => i < 100 && image.every((v, p) => v === other[i]!.image[p]),
    );
    expect(same).toEqual([]);
    expect(other.map(({ label }) => label)).not.toEqual([...digits.labels.subarray(0, 100)]);
  });

  it("never draws one image twice", () => {
    expect(new Set(imagesOf(digits).map(({ image }) => image.join())).size).toBe(2000);
  });

  it("balances the ten classes, in shuffled order", () => {
    for (let first = 0; first < 2000; first += 10) {
      expect([...digits.labels.subarray(first, first + 10)].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }
    const atStart = new Set(digits.labels.filter((_, i) => i % 10 === 0));
    expect(atStart.size).toBe(10);
  });

  it("keeps the ink away from the frame and its centre of mass in the middle", () => {
    for (const { label, image } of imagesOf(digits)) {
      const { x, y, rim } = measure(image);
      expect(rim, `ink of a ${label} at the rim`).toBeLessThan(0.01);
      expect(Math.abs(x - SIDE / 2), `horizontal centre of a ${label}`).toBeLessThan(1);
      expect(Math.abs(y - SIDE / 2), `vertical centre of a ${label}`).toBeLessThan(1);
    }
  });

  it("draws in black and white with soft edges, with as much ink as MNIST", () => {
    const pixels = digits.images.data;
    const ink = pixels.filter((byte) => byte > 0);
    expect(ink.length / pixels.length).toBeGreaterThan(0.17);
    expect(ink.length / pixels.length).toBeLessThan(0.22);
    const mean = pixels.reduce((sum, byte) => sum + byte, 0) / pixels.length / 255;
    expect(mean).toBeGreaterThan(0.125);
    expect(mean).toBeLessThan(0.14);
    expect(ink.filter((byte) => byte === 255).length / ink.length).toBeGreaterThan(0.3);
    expect(new Set(ink).size).toBe(255);
  });

  it("gives every digit its ink: a 1 the least, a ring the most", () => {
    const ink = Array.from({ length: 10 }, (_, digit) =>
      average(imagesOf(digits).flatMap(({ label, image }) => (label === digit ? [measure(image).mean] : []))),
    );
    for (const mean of ink) expect(mean).toBeGreaterThan(0.06);
    for (const mean of ink) expect(mean).toBeLessThan(0.19);
    expect(Math.min(...ink)).toBe(ink[1]);
    expect([0, 8]).toContain(ink.indexOf(Math.max(...ink)));
  });

  it("draws digits that the nearest class mean tells apart, though not all", () => {
    const means = Array.from({ length: 10 }, () => new Float64Array(SIZE));
    for (const { label, image } of imagesOf(digits))
      image.forEach((byte, p) => {
        means[label]![p]! += byte / 200;
      });
    const right = new Array<number>(10).fill(0);
    for (const { label, image } of imagesOf(drawDigits(1000, 2))) {
      const distances = means.map((mean) =>
        mean.reduce((sum, value, p) => sum + (value - image[p]!) ** 2, 0),
      );
      if (distances.indexOf(Math.min(...distances)) === label) right[label]! += 1 / 100;
    }
    for (const [digit, share] of right.entries()) expect(share, `share of ${digit}s`).toBeGreaterThan(0.7);
    expect(average(right)).toBeGreaterThan(0.85);
    expect(average(right)).toBeLessThan(0.95);
  });
});
