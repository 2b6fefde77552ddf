/** What every plain autoencoder shares: an image to one code, a code to one image, and no prior in between. */
import type { ImageShape } from "../src/data/images.ts";
import type { Likelihood } from "../src/nn/distribution.ts";
import { reshape } from "../src/ops/index.ts";
import type { Batch } from "./batch.ts";
import type { Facts, Floats, Model, Named } from "./model.ts";
import { rows } from "./networks.ts";

/** The halves of a plain autoencoder; the likelihood's loss need not be one of a distribution. */
export interface PlainHalves {
  readonly image: ImageShape;
  readonly latent: number;
  readonly facts: Pick<Facts, "unit" | "objective">;
  readonly encode: (image: Floats) => Floats;
  readonly decode: (latent: Floats) => Likelihood;
  /** What the encoder is shown instead of the image that is wanted back. */
  readonly corrupt?: ((batch: Batch) => Floats) | undefined;
  /** What the code of what the encoder was shown costs. */
  readonly penalty?: Penalty | undefined;
}

/** What a code costs besides what it loses. */
export interface Penalty {
  /** `L1 norm of the code` */
  readonly name: string;
  /** Codes `[batch, latent]` of these images → `[batch]`. */
  readonly of: (code: Floats, shown: Floats, batch: Batch) => Floats;
  /** Whether it draws the codes towards the standard normal distribution, so that it can be sampled from. */
  readonly isPrior?: boolean;
  readonly details?: ((code: Floats) => Named) | undefined;
}

/** A model that is trained on its reconstructions, and on a penalty where there is one. */
export function deterministic({
  image: shape,
  latent,
  facts,
  encode,
  decode,
  corrupt,
  penalty,
}: PlainHalves): Model {
  const terms = (batch: Batch) => {
    const shown = corrupt?.(batch) ?? batch.image;
    const code = encode(shown);
    const reconstruction = decode(code).negativeLogProbability(rows(batch.image));
    const details = penalty?.details?.(code) ?? {};
    return penalty === undefined
      ? { reconstruction, details }
      : { reconstruction, kl: penalty.of(code, shown, batch), details };
  };
  return {
    latent,
    facts: { ...facts, penalty: penalty?.name ?? null, hasPrior: penalty?.isPrior ?? false },
    encode: (batch) => ({ code: encode(batch.image) }),
    decode: (code) => reshape(decode(code).mean, [0, shape.channels, shape.height, shape.width]),
    terms,
    evaluate: terms,
  };
}
