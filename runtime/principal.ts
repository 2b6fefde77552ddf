/** Principal components of images in closed form, and how far one subspace lies from another. */
import { EigenvalueDecomposition, Matrix, QrDecomposition, SingularValueDecomposition } from "ml-matrix";
import { covarianceGraph } from "../graphs/covariance.ts";
import { type Images, pixelsOf } from "../src/data/images.ts";
import { fail } from "../src/ir/error.ts";
import { showShape } from "../src/ir/shape.ts";
import { type Tensor, tensor } from "../src/ir/tensor.ts";
import type { Host, HostOptions } from "./host/host.ts";
import { Session } from "./session.ts";

/** Images a run: few enough that float32 sums stay good to six digits. */
const CHUNK = 2000;

/** Where the decomposition, whose time grows with the cube of the pixels, takes a minute. */
const MOST_PIXELS = 2048;

/** What rounding to float32 can leave of a row that depends on the others, relative to the longest. */
const DEPENDENT = 1e-6;

/** Where images lie, and along which directions they spread most. */
export interface PrincipalComponents {
  /** `[pixels]`, in [0, 1]. */
  readonly mean: Float32Array;
  /** `[count, pixels]`: orthonormal rows, that of most variance first, the largest coordinate of each positive. */
  readonly components: Float32Array;
  /** `[count]`: the variance along each (the mean square: divided by the number of images). */
  readonly variances: Float64Array;
}

/**
 * The first `count` principal components (Pearson 1901; Hotelling 1933): of all linear maps to `count` dimensions and
 * back, theirs leaves the least squared error (Eckart & Young 1936). The covariance comes from the host's ONNX Runtime;
 * its decomposition, in JavaScript, keeps the thread busy for some seconds at 784 pixels.
 *
 * Throws where there are no images, or where `count` is not from 1 to their pixels, or for more than 2048 pixels.
 */
export async function principalComponents(
  images: Images,
  count: number,
  host: Host,
  options: HostOptions = {},
): Promise<PrincipalComponents> {
  const subject = "principal components";
  const pixels = pixelsOf(images.image);
  if (images.count === 0) fail(subject, "there are no images");
  if (!Number.isInteger(count) || count < 1 || count > pixels)
    fail(subject, `images of ${pixels} pixels have from 1 to ${pixels}, not ${count}`);
  if (pixels > MOST_PIXELS)
    fail(subject, `images have ${pixels} pixels; the covariance of at most ${MOST_PIXELS} is decomposed`);
  const { mean, covariance } = await momentsOf(images, host, options);
  // Said outright: the two halves of the product may differ by a rounding, and that would pass for asymmetry.
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(covariance, {
    assumeSymmetric: true,
  });
  const components = new Float32Array(count * pixels);
  const variances = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const ascending = pixels - 1 - i;
    // Rounding leaves a little less than nothing where the images do not vary.
    variances[i] = Math.max(0, realEigenvalues[ascending]!);
    const axis = eigenvectorMatrix.getColumn(ascending);
    const largest = axis.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0);
    components.set(largest < 0 ? axis.map((value) => -value) : axis, i * pixels);
  }
  return { mean: Float32Array.from(mean), components, variances };
}

/** Mean and covariance, chunk by chunk, in float64 between the chunks. */
async function momentsOf(
  images: Images,
  host: Host,
  options: HostOptions,
): Promise<{ mean: Float64Array; covariance: Matrix }> {
  const { channels, height, width } = images.image;
  const pixels = pixelsOf(images.image);
  const session = await Session.open(covarianceGraph(images.image), host, options);
  const momentsAbout = (chunk: Images, shift: Float32Array) =>
    session.run({
      images: tensor("uint8", [chunk.count, channels, height, width], chunk.data),
      shift: tensor("float32", [pixels], shift),
    });
  try {
    const first = images.slice(0, CHUNK);
    const total = await momentsAbout(first, new Float32Array(pixels));
    const shift = total.sum.data.map((value) => value / first.count);
    const sum = new Float64Array(pixels);
    const products = new Float64Array(pixels * pixels);
    for (let start = 0; start < images.count; start += CHUNK) {
      const moments = await momentsAbout(images.slice(start, start + CHUNK), shift);
      accumulate(sum, moments.sum.data);
      accumulate(products, moments.products.data);
    }
    const offset = sum.map((value) => value / images.count);
    const covariance = new Matrix(pixels, pixels);
    for (let i = 0; i < pixels; i++) {
      for (let j = 0; j < pixels; j++)
        covariance.set(i, j, products[i * pixels + j]! / images.count - offset[i]! * offset[j]!);
    }
    return { mean: offset.map((value, i) => shift[i]! + value), covariance };
  } finally {
    await session.release();
  }
}

function accumulate(total: Float64Array, values: Float32Array): void {
  for (let i = 0; i < total.length; i++) total[i]! += values[i]!;
}

/**
 * The cosines of the principal angles between the spaces that the rows of `a` and `b` span, `[k, n]` each (`k` may
 * differ), in decreasing order: as many as the smaller `k`, all 1 where one space lies in the other (Björck & Golub
 * 1973). Throws where a shape does not fit or rows are linearly dependent, so that they span less than `k` dimensions.
 */
export function principalAngles(a: Tensor<"float32">, b: Tensor<"float32">): Float64Array {
  const [p, q] = [rowSpace(a), rowSpace(b)];
  if (p.rows !== q.rows)
    fail("principal angles", `rows differ in length: ${showShape(a.shape)} and ${showShape(b.shape)}`);
  const { diagonal } = new SingularValueDecomposition(p.transpose().mmul(q), { autoTranspose: true });
  return Float64Array.from(diagonal.slice(0, Math.min(p.columns, q.columns)), (value) => Math.min(1, value));
}

/** `[n, k]`: orthonormal columns that span the rows. */
function rowSpace({ shape, data }: Tensor<"float32">): Matrix {
  const [k = 0, n = 0] = shape;
  if (shape.length !== 2 || k < 1 || k > n)
    fail("principal angles", `a matrix has at most as many rows as columns, got ${showShape(shape)}`);
  const { orthogonalMatrix, upperTriangularMatrix } = new QrDecomposition(
    Matrix.from1DArray(k, n, data).transpose(),
  );
  const lengths = upperTriangularMatrix.diagonal().map(Math.abs);
  if (!(Math.min(...lengths) > DEPENDENT * Math.max(...lengths)))
    fail("principal angles", `the rows of a matrix ${showShape(shape)} are linearly dependent`);
  return orthogonalMatrix;
}
