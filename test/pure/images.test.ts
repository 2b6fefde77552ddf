import { describe, expect, test } from "vitest";
import { Images, pixelsOf } from "../../src/data/images.ts";
import { tensor } from "../../src/ir/tensor.ts";

const image = { channels: 2, height: 2, width: 3 };
/** Five images; every byte of image `i` is in `12 i … 12 i + 11`. */
const five = new Images(
  image,
  Uint8Array.from({ length: 60 }, (_, i) => i),
);
const numbers = (images: Images) => Array.from({ length: images.count }, (_, i) => images.data[12 * i]! / 12);

describe("Images", () => {
  test("counts whole images, and refuses parts of one", () => {
    expect(pixelsOf(image)).toBe(12);
    expect(five.count).toBe(5);
    expect(new Images(image, new Uint8Array(0)).count).toBe(0);
    expect(() => new Images(image, new Uint8Array(13))).toThrow(
      "Images: 13 bytes are not a multiple of 12 an image",
    );
  });

  test.each([
    [[], [0, 1, 2, 3, 4]],
    [[2], [2, 3, 4]],
    [
      [1, 3],
      [1, 2],
    ],
    [[-2], [3, 4]],
    [
      [0, -1],
      [0, 1, 2, 3],
    ],
    [
      [3, 99],
      [3, 4],
    ],
    [[99], []],
    [[3, 2], []],
    [[-99, 1], [0]],
  ] as [[number?, number?], number[]][])("slices %j", (range, expected) => {
    const part = five.slice(...range);
    expect(numbers(part)).toEqual(expected);
    expect(part.data.buffer).toBe(five.data.buffer);
  });

  test("picks copies in any order", () => {
    const picked = five.pick([4, 0, 0]);
    expect(numbers(picked)).toEqual([4, 0, 0]);
    picked.data.fill(255);
    expect(five.data[0]).toBe(0);
  });

  test("becomes float32 in [0, 1], and comes back the same for every byte", () => {
    const every = new Images(
      { channels: 1, height: 16, width: 16 },
      Uint8Array.from({ length: 256 }, (_, i) => i),
    );
    const pixels = every.toTensor();
    expect(pixels.shape).toEqual([1, 1, 16, 16]);
    expect([pixels.data[0], pixels.data[51], pixels.data[255]]).toEqual([0, Math.fround(0.2), 1]);
    expect(Images.fromTensor(pixels).data).toEqual(every.data);
  });

  test("clamps what is outside of [0, 1], and rounds what lies between two bytes", () => {
    const pixels = tensor(
      "float32",
      [1, 1, 1, 5],
      Float32Array.of(-0.5, 1.5, Number.NaN, 100.4 / 255, 100.6 / 255),
    );
    expect([...Images.fromTensor(pixels).data]).toEqual([0, 255, 0, 100, 101]);
  });
});
