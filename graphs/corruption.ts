/** Corruption C(x̃ | x) of images, as data: what a denoising autoencoder learns to undo (Vincent et al. 2010, §3.3). */
import { z } from "zod";
import type { ImageShape } from "../src/data/images.ts";
import { within } from "../src/ir/origin.ts";
import { add, cast, greaterOrEqual, less, max, mul } from "../src/ops/index.ts";
import type { Batch } from "./batch.ts";
import type { Floats } from "./model.ts";

const share = z.number().min(0).max(1);

export const corruption = z.discriminatedUnion("kind", [
  /** Normal noise of this standard deviation on every pixel. */
  z.strictObject({ kind: z.literal("gaussian"), deviation: z.number().positive().default(0.5) }),
  /** This share of the pixels is 0. */
  z.strictObject({ kind: z.literal("masking"), share: share.default(0.5) }),
  /** This share of the pixels is 0 or 1, as a coin falls. */
  z.strictObject({ kind: z.literal("salt-and-pepper"), share: share.default(0.5) }),
]);
export type CorruptionConfig = z.output<typeof corruption>;

/** A batch's images as the encoder is shown them; what chance decides is the input `corruption`, one number a pixel. */
export function corruptionOf(config: CorruptionConfig, { channels, height, width }: ImageShape) {
  const shape = [channels, height, width];
  return (batch: Batch): Floats =>
    within("corruption", () => {
      const { image } = batch;
      if (config.kind === "gaussian")
        return add(image, mul(batch.normal("corruption", shape), config.deviation));
      const chance = batch.uniform("corruption", shape);
      const kept = cast(greaterOrEqual(chance, config.share), "float32");
      if (config.kind === "masking") return mul(image, kept);
      return max(mul(image, kept), cast(less(chance, config.share / 2), "float32"));
    });
}
