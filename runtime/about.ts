/** What an exported `.onnx` says of itself to whoever shows what it makes. */
import { z } from "zod";
import type { Medium } from "../src/data/dataset.ts";
import { metadataOf } from "../src/onnx/metadata.ts";
import { readJson } from "./json.ts";

/** What images stand for, as data. */
export const medium = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("image") }),
  z.strictObject({ kind: z.literal("text"), alphabet: z.string() }),
  z.strictObject({ kind: z.literal("sound"), rate: z.number().gt(0) }),
]);

const metrics = z.object({
  test: z.object({ loss: z.number(), reconstruction: z.number(), kl: z.number() }),
});

/** Quantiles of the scores (see `scoresOf`) of training images; the bound's are null where the model has none. */
export const quantiles = z.strictObject({
  /** How many images were measured. */
  images: z.int(),
  /** Shares of them, from 0 to 1, ascending. */
  levels: z.array(z.number()),
  /** The scores that these shares are at or below. */
  reconstruction: z.array(z.number()),
  negativeElbo: z.array(z.number()).nullable(),
});
export type Quantiles = Readonly<z.output<typeof quantiles>>;

/** Files from elsewhere say nothing: they hold pictures, as far as anyone knows. */
export interface About {
  readonly medium: Medium;
  readonly classes: readonly string[] | null;
  /** The description of the model, as JSON gives it; undefined where the file has none. */
  readonly model: unknown;
  /** Mean losses on the test images, in nats; null where it was not measured. */
  readonly test: { readonly loss: number; readonly reconstruction: number; readonly kl: number } | null;
  /** How unusual training images are; null where it was not measured. */
  readonly quantiles: Quantiles | null;
}

/** Reads a file's metadata; `subject` names it in errors. Throws one line where the bytes are no model. */
export function aboutModel(file: Uint8Array, subject: string): About {
  return aboutMetadata(metadataOf(file, subject), subject);
}

/** The same of metadata that were read before. */
export function aboutMetadata(metadata: Readonly<Record<string, string>>, subject: string): About {
  const said = (name: string): unknown => {
    const json = metadata[`isthmus.${name}`];
    return json === undefined ? undefined : readJson(json, subject);
  };
  const measured = metrics.safeParse(said("metrics"));
  return {
    medium: medium.catch({ kind: "image" }).parse(said("medium")),
    classes: z.array(z.string()).nullable().catch(null).parse(said("classes")),
    model: said("model"),
    test: measured.success ? measured.data.test : null,
    quantiles: quantiles
      .nullable()
      .catch(null)
      .parse(said("quantiles") ?? null),
  };
}
