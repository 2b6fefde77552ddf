import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadMnist } from "../../runtime/data/mnist.ts";
import { nodeHost } from "../../runtime/host/node.ts";
import { principalAngles, principalComponents } from "../../runtime/principal.ts";
import { drawDigits } from "../../src/data/digits/digits.ts";
import { Images, pixelsOf } from "../../src/data/images.ts";
import { Random } from "../../src/data/random.ts";
import { tensor } from "../../src/ir/tensor.ts";

const { ISTHMUS_MNIST, ISTHMUS_TEST_DATA } = process.env;
const folder = ISTHMUS_MNIST ?? (ISTHMUS_TEST_DATA && join(ISTHMUS_TEST_DATA, "mnist"));
if (!folder) console.info("skipped: PCA of MNIST (set ISTHMUS_MNIST to its folder)");

/** What is left of each image, squared, summed over its pixels, and averaged, once `count` components are taken out. */
function residual(
  images: Images,
  { mean, components }: { mean: Float32Array; components: Float32Array },
  count: number,
): number {
  const pixels = mean.length;
  let total = 0;
  const x = new Float64Array(pixels);
  for (let i = 0; i < images.count; i++) {
    for (let j = 0; j < pixels; j++) {
      x[j] = images.data[i * pixels + j]! / 255 - mean[j]!;
      total += x[j]! ** 2;
    }
    for (let k = 0; k < count; k++) {
      let code = 0;
      for (let j = 0; j < pixels; j++) code += x[j]! * components[k * pixels + j]!;
      total -= code ** 2;
    }
  }
  return total / images.count;
}

/** The largest distance of the rows' products from the identity. */
function skew(rows: Float32Array, count: number): number {
  const length = rows.length / count;
  const row = (i: number) => rows.subarray(i * length, (i + 1) * length);
  let worst = 0;
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < count; j++) {
      const product = row(i).reduce((sum, value, at) => sum + value * row(j)[at]!, 0);
      worst = Math.max(worst, Math.abs(product - (i === j ? 1 : 0)));
    }
  }
  return worst;
}

describe("principalComponents", () => {
  test("finds the axes of a covariance known by hand", async () => {
    // About (0.4, 0.6, 0.2): ±0.4 along (3, −4, 0) / 5, ±0.2 along (4, 3, 0) / 5, and a third pixel that never changes.
    const points = [
      [0.64, 0.28],
      [0.16, 0.92],
      [0.56, 0.72],
      [0.24, 0.48],
    ];
    const bytes = points.flatMap(([x, y]) => [x! * 255, y! * 255, 51].map(Math.round));
    const images = new Images({ channels: 3, height: 1, width: 1 }, Uint8Array.from(bytes));
    const { mean, components, variances } = await principalComponents(images, 3, nodeHost);
    const near = (values: ArrayLike<number>, expected: readonly number[], within: number) =>
      expected.forEach((value, i) => void expect(Math.abs(values[i]! - value)).toBeLessThan(within));
    // Bytes are off by up to 1 / 510.
    near(mean, [0.4, 0.6, 0.2], 2e-3);
    near(variances, [0.08, 0.02, 0], 2e-3);
    near(components, [-0.6, 0.8, 0, 0.8, 0.6, 0, 0, 0, 1], 1e-2);
  });

  test("agrees with float64 sums over images of several chunks, far from zero", async () => {
    // Bytes 230 to 250: the mean's square is over a thousand times the variances.
    const image = { channels: 1, height: 2, width: 2 };
    const random = new Random(1, "principal");
    const count = 4_500;
    const images = new Images(
      image,
      Uint8Array.from({ length: count * 4 }, (_, i) => 230 + random.integer(i % 4 === 2 ? 20 : 5)),
    );
    const { mean, components, variances } = await principalComponents(images, 4, nodeHost);
    const x = (i: number, j: number) => images.data[i * 4 + j]! / 255;
    for (let j = 0; j < 4; j++) {
      let [sum, spread] = [0, 0];
      for (let i = 0; i < count; i++) sum += x(i, j);
      for (let i = 0; i < count; i++) spread += (x(i, j) - sum / count) ** 2;
      expect(Math.abs(mean[j]! - sum / count)).toBeLessThan(1e-6);
      // The covariance's diagonal, put together again.
      const rebuilt = variances.reduce((total, value, k) => total + value * components[k * 4 + j]! ** 2, 0);
      expect(Math.abs(rebuilt / (spread / count) - 1)).toBeLessThan(1e-4);
    }
    expect(components[2]).toBeGreaterThan(0.99);
    for (let k = 0; k < 4; k++) {
      const axis = components.subarray(k * 4, k * 4 + 4);
      expect(Math.max(...axis)).toBe(Math.max(...axis.map(Math.abs)));
    }
  });

  test("of digits: orthonormal, in order, and what is left is the variance left out", async () => {
    const { images } = drawDigits(300, 1);
    const small = shrunk(images, 4);
    const pixels = pixelsOf(small.image);
    const all = await principalComponents(small, pixels, nodeHost);
    expect(skew(all.components, pixels)).toBeLessThan(1e-6);
    expect([...all.variances]).toEqual([...all.variances].sort((a, b) => b - a));
    expect(all.variances.every((variance) => variance >= 0)).toBe(true);
    const left = all.variances.slice(5).reduce((sum, variance) => sum + variance, 0);
    const five = await principalComponents(small, 5, nodeHost);
    expect(Math.abs(residual(small, five, 5) / left - 1)).toBeLessThan(1e-5);
    expect(five.components).toEqual(all.components.slice(0, 5 * pixels));
  });

  test.each<[string, number, number, number, string]>([
    ["no images", 0, 4, 1, "there are no images"],
    ["more components than pixels", 3, 4, 5, "images of 4 pixels have from 1 to 4, not 5"],
    ["no components", 3, 4, 0, "images of 4 pixels have from 1 to 4, not 0"],
    ["2049 pixels", 1, 2049, 1, "images have 2049 pixels; the covariance of at most 2048 is decomposed"],
  ])("refuses %s", async (_, images, width, count, fact) => {
    const bytes = new Uint8Array(images * width);
    await expect(
      principalComponents(new Images({ channels: 1, height: 1, width }, bytes), count, nodeHost),
    ).rejects.toThrow(`principal components: ${fact}`);
  });

  test.skipIf(!folder)(
    "leaves of MNIST's test images what is published: 13.87 with 30",
    async () => {
      const { image, train, validation, test } = await loadMnist({ folder });
      const all = Buffer.concat([train.images.data, validation.images.data]);
      const found = await principalComponents(new Images(image, all), 32, nodeHost);
      expect(residual(test.images, found, 30)).toBeCloseTo(13.866, 3);
      expect(residual(test.images, found, 32)).toBeCloseTo(13.193, 3);
    },
    300_000,
  );
});

/** Every `step`-th pixel of each row and column. */
function shrunk({ image, count, data }: Images, step: number): Images {
  const [height, width] = [image.height / step, image.width / step];
  const bytes = new Uint8Array(count * height * width);
  for (let i = 0; i < bytes.length; i++) {
    const [at, y, x] = [Math.floor(i / (height * width)), Math.floor(i / width) % height, i % width];
    bytes[i] = data[(at * image.height + y * step) * image.width + x * step]!;
  }
  return new Images({ channels: 1, height, width }, bytes);
}

describe("principalAngles", () => {
  const matrix = (...rows: number[][]) =>
    tensor("float32", [rows.length, rows[0]!.length], Float32Array.from(rows.flat()));
  const angle = 0.3;
  const close = (found: Float64Array, expected: readonly number[]) => {
    expect(found.length).toBe(expected.length);
    expected.forEach((value, i) => void expect(found[i]).toBeCloseTo(value, 6));
  };

  test("are nothing between two bases of one space", () => {
    const basis = new Random(1, "basis").fillNormal(new Float32Array(3 * 20));
    const other = basis.map((value, i) => 5 * value - 2 * basis[(i + 20) % 60]!);
    close(principalAngles(tensor("float32", [3, 20], basis), tensor("float32", [3, 20], other)), [1, 1, 1]);
  });

  test("are those by which a plane was turned, whatever the rows' lengths", () => {
    const plane = matrix([1, 0, 0, 0], [0, 1, 0, 0]);
    const turned = matrix(
      [Math.cos(angle) * 7, 0, Math.sin(angle) * 7, 0],
      [Math.cos(angle), Math.cos(2 * angle), Math.sin(angle), Math.sin(2 * angle)],
    );
    close(principalAngles(plane, turned), [Math.cos(angle), Math.cos(2 * angle)]);
    close(principalAngles(turned, plane), [Math.cos(angle), Math.cos(2 * angle)]);
    close(principalAngles(plane, matrix([0, 0, 2, 1], [0, 0, 1, 3])), [0, 0]);
  });

  test("are as many as the smaller space has dimensions", () => {
    const line = matrix([0, Math.cos(angle), 0, Math.sin(angle)]);
    close(principalAngles(line, matrix([1, 0, 0, 0], [1, 2, 0, 0], [0, 0, 1, 0])), [Math.cos(angle)]);
    close(principalAngles(matrix([1, 0, 0, 0], [1, 2, 0, 0], [0, 0, 1, 0]), line), [Math.cos(angle)]);
  });

  test("refuses what spans no such space", () => {
    const plane = matrix([1, 0, 0], [0, 1, 0]);
    expect(() => principalAngles(plane, matrix([1, 2, 3], [2, 4, 6]))).toThrow(
      "principal angles: the rows of a matrix [2,3] are linearly dependent",
    );
    expect(() => principalAngles(plane, matrix([0, 0, 0]))).toThrow("[1,3] are linearly dependent");
    expect(() => principalAngles(plane, matrix([1, 0], [0, 1]))).toThrow(
      "principal angles: rows differ in length: [2,3] and [2,2]",
    );
    expect(() => principalAngles(matrix([1], [2]), plane)).toThrow(
      "principal angles: a matrix has at most as many rows as columns, got [2,1]",
    );
  });
});
