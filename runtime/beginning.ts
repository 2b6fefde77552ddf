/** The parameters that a model begins with where they are computed from its training images. */
import type { ModelDescription } from "../graphs/families.ts";
import type { Images } from "../src/data/images.ts";
import { pixelsOf } from "../src/data/images.ts";
import { fail } from "../src/ir/error.ts";
import { type Tensors, tensor } from "../src/ir/tensor.ts";
import type { Host, HostOptions } from "./host/host.ts";
import { principalComponents } from "./principal.ts";

/**
 * Of a linear autoencoder with the initialiser `pca`, the weights of its optimum: codes are the coordinates along the
 * principal components of the images (Baldi & Hornik 1989). Nothing for any other. Throws where the model is not linear.
 */
export async function beginningOf(
  description: ModelDescription,
  images: Images,
  host: Host,
  options: HostOptions = {},
): Promise<Tensors | undefined> {
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
    "decoder.output.bias": tensor("float32", [pixels], mean),
  };
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
