/** The parameters that a model begins with where they are computed from its training images. */
import { type ModelDescription, parametersOf } from "../graphs/families.ts";
import type { Images } from "../src/data/images.ts";
import { pixelsOf } from "../src/data/images.ts";
import { fail } from "../src/ir/error.ts";
import { sizeOf, type Tensor, type Tensors, tensor } from "../src/ir/tensor.ts";
import type { Host, HostOptions } from "./host/host.ts";
import { principalComponents } from "./principal.ts";

const OUTPUT_BIAS = "decoder.output.bias";

/** Means are clipped to [CLIP, 1 − CLIP], as in Burda et al.'s program: what no training image has, others may. */
const CLIP = 1e-3;

/**
 * Of a linear autoencoder with the initialiser `pca`, the weights of its optimum: codes are the coordinates along the
 * principal components of the images (Baldi & Hornik 1989); of a model whose output begins at the images' mean, the
 * bias of its output. Nothing for any other. Throws where a model that is to begin with `pca` is not linear.
 */
export async function beginningOf(
  description: ModelDescription,
  images: Images,
  host: Host,
  options: HostOptions = {},
): Promise<Tensors | undefined> {
  if (description.family === "vae" && description.outputBias === "mean")
    return { [OUTPUT_BIAS]: logOddsOfMean(description, images) };
  if (description.family !== "autoencoder" || description.initialiser !== "pca") return undefined;
  if (!isLinear(description))
    fail(
      "pca",
      "is the optimum of one linear layer each way: leave out hidden layers, filters and activations",
    );
  const { latent, image } = description;
  const { mean, components } = await principalComponents(images, latent, host, options);
  const pixels = pixelsOf(image);
  const along = (row: number) => components.subarray(row * pixels, (row + 1) * pixels);
  const offset = (row: number) => -along(row).reduce((sum, value, i) => sum + value * mean[i]!, 0);
  return {
    "encoder.code.weight": tensor("float32", [latent, pixels], components),
    "encoder.code.bias": tensor(
      "float32",
      [latent],
      Float32Array.from({ length: latent }, (_, row) => offset(row)),
    ),
    "decoder.output.weight": tensor(
      "float32",
      [pixels, latent],
      Float32Array.from(
        { length: pixels * latent },
        (_, i) => components[(i % latent) * pixels + Math.floor(i / latent)]!,
      ),
    ),
    [OUTPUT_BIAS]: tensor("float32", [pixels], mean),
  };
}

/** The log-odds of the mean of each pixel, or where the bias is one of a channel, of the mean of each channel. */
function logOddsOfMean(description: ModelDescription, images: Images): Tensor<"float32"> {
  const { shape } = parametersOf(description).find(({ name }) => name === OUTPUT_BIAS)!;
  const pixels = pixelsOf(images.image);
  const each = pixels / sizeOf(shape);
  const sums = new Float64Array(sizeOf(shape));
  for (let i = 0; i < images.data.length; i++) sums[Math.floor((i % pixels) / each)]! += images.data[i]!;
  const odds = sums.map((sum) => {
    const mean = Math.min(1 - CLIP, Math.max(CLIP, sum / (255 * each * images.count)));
    return Math.log(mean / (1 - mean));
  });
  return tensor("float32", shape, Float32Array.from(odds));
}

/** Whether a model is one linear layer each way with the squared error, so that principal components are its optimum. */
export function isLinear(description: ModelDescription): boolean {
  if (description.family !== "autoencoder") return false;
  const { hidden, filters, decoder, likelihood, codeActivation, corruption, penalty } = description;
  return (
    likelihood.kind === "squared-error" &&
    likelihood.output === "linear" &&
    codeActivation === "linear" &&
    hidden.length + filters.length === 0 &&
    [decoder, corruption, penalty].every((setting) => setting === undefined)
  );
}
