/** The sums behind the mean and the covariance of images, a chunk at a time. */
import { type ImageShape, pixelsOf } from "../src/data/images.ts";
import { type Graph, graph } from "../src/ir/graph.ts";
import { input, type Value } from "../src/ir/value.ts";
import { cast, div, flatten, gemm, reduceSum, sub } from "../src/ops/index.ts";

interface CovarianceInputs {
  readonly images: Value<"uint8">;
  readonly shift: Value<"float32">;
  readonly [name: string]: Value;
}

interface CovarianceOutputs {
  readonly sum: Value<"float32">;
  readonly products: Value<"float32">;
  readonly [name: string]: Value;
}

/**
 * For bytes `images` `[batch, channels, height, width]`, scaled to x in [0, 1], and a `shift` `[pixels]`: `sum`
 * `[pixels]`, Σ (x − shift), and `products` `[pixels, pixels]`, Σ (x − shift)(x − shift)ᵀ. A shift near the mean keeps
 * float32 from losing the covariance in the square of the mean (Chan, Golub & LeVeque 1983).
 */
export function covarianceGraph(image: ImageShape): Graph<CovarianceInputs, CovarianceOutputs> {
  const { channels, height, width } = image;
  const images = input("images", "uint8", ["batch", channels, height, width]);
  const shift = input("shift", "float32", [pixelsOf(image)]);
  const shifted = sub(div(flatten(cast(images, "float32")), 255), shift);
  const sum = reduceSum(shifted, [0]);
  const products = gemm(shifted, shifted, undefined, { transA: true });
  const doc = "The shifted first and second moments of 8-bit images; pixels in [0, 1].";
  return graph("covariance", { images, shift }, { sum, products }, { doc });
}
