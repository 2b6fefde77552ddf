/** A linear autoencoder beside the principal components, which are its optimum (Baldi & Hornik 1989). */
import type { ModelDescription } from "../graphs/families.ts";
import type { Images } from "../src/data/images.ts";
import { fail } from "../src/ir/error.ts";
import { type Tensor, type Tensors, tensor } from "../src/ir/tensor.ts";
import { beginningOf } from "./beginning.ts";
import { evaluated } from "./evaluate.ts";
import type { Host, HostOptions } from "./host/host.ts";
import { principalAngles } from "./principal.ts";

/** How far a linear autoencoder is from its optimum, the principal components of its training images. */
export interface BesidePrincipal {
  /** The mean cosine of the angles between the two subspaces: 1 where they are the same. */
  readonly meanCosine: number;
  /** The squared error per image that as many principal components leave. */
  readonly reconstruction: number;
}

/**
 * Compares the plane of images that the decoder can make, which the columns of its weight span, with the principal
 * components of the images that it was trained on, and measures what those leave of other images. (The encoder's rows
 * lie elsewhere: along what never varies, such as pixels at the border, they stay as they began.) Throws where the
 * model is not linear, or the columns are linearly dependent.
 */
export async function besidePrincipal(
  description: ModelDescription,
  parameters: Tensors,
  { train, measured }: { readonly train: Images; readonly measured: Images },
  host: Host,
  options: HostOptions = {},
): Promise<BesidePrincipal> {
  const optimum = { ...description, initialiser: "pca" } as ModelDescription;
  const weights =
    (await beginningOf(optimum, train, host, options)) ?? fail("pca", "is the optimum of autoencoders alone");
  const plane = (of: Tensors) => transposed(of["decoder.output.weight"] as Tensor<"float32">);
  const cosines = principalAngles(plane(parameters), plane(weights));
  const settings = { seed: 0, klWeight: 1 };
  const { reconstruction } = await evaluated(description, weights, measured, settings, host, options);
  return { meanCosine: cosines.reduce((sum, value) => sum + value, 0) / cosines.length, reconstruction };
}

function transposed({ shape: [rows = 0, columns = 0], data }: Tensor<"float32">): Tensor<"float32"> {
  const turned = Float32Array.from(data, (_, i) => data[(i % rows) * columns + Math.floor(i / rows)]!);
  return tensor("float32", [columns, rows], turned);
}
