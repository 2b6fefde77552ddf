/** How much each latent dimension says about an image. */
import { barPicture } from "./bars.ts";
import type { Picture } from "./picture.ts";

/** A dimension that says less than this, in nats, is called unused. */
const UNUSED_BELOW = 0.01;

/**
 * `kl`: the mean KL divergence of each latent dimension from the prior, in nats per image, in the latent's order.
 * `noun` is what an image stands for, such as a line.
 */
export async function klPerDimension(kl: ArrayLike<number>, noun = "image"): Promise<Picture> {
  const used = Array.from(kl).filter((value) => value >= UNUSED_BELOW).length;
  const unused = kl.length - used;
  return barPicture(
    kl,
    {
      title: "KL divergence by latent dimension",
      vertical: `nats per ${noun}`,
      each: ["latent dimension", "latent dimensions"],
      order: "their share",
      reach: UNUSED_BELOW / 10,
    },
    {
      name: "kl-per-dimension",
      title: "What each dimension carries",
      caption: `How far the codes' distribution is from the prior in each latent dimension: the information that dimension carries. ${
        used === 0
          ? `None of the ${kl.length} is in use: the codes say next to nothing about the ${noun}.`
          : unused === 0
            ? `All ${kl.length} are in use.`
            : `${used} of ${kl.length} are in use; the other ${unused === 1 ? "one says" : `${unused} say`} next to nothing about the ${noun}.`
      }`,
      alt: `A bar chart of the KL divergence of ${kl.length} latent dimensions, ${used} of them in use`,
    },
  );
}
