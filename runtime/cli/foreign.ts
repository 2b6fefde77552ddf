/** Models that others exported, as `isthmus train --model` takes them. */
import { type ImportedModel, type ImportOptions, importModel } from "../../graphs/import/import.ts";
import type { Loss } from "../../graphs/models/losses.ts";
import type { ImageShape } from "../../src/data/images.ts";
import { fail } from "../../src/ir/error.ts";
import { LARGEST_FILE, readBytes } from "../host/file.ts";

export interface ForeignFlags {
  readonly model?: string;
  readonly decoder?: string;
  readonly loss?: Loss;
  readonly mean?: string;
  readonly logVariance?: string;
  readonly code?: string;
  readonly reconstruction?: string;
  readonly likelihood?: string;
  readonly variance?: number | "learned";
}

/** Options that say something of a model from elsewhere, and those that say how one of ours is built. */
const about = ["decoder", "loss", "mean", "logVariance", "code", "reconstruction"] as const;
const building = ["preset", "latent", "hidden", "activation", "initialiser"] as const;

const option = (name: string) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/**
 * Reads the files that the options name: what comes back makes the model for images of a shape. Undefined without
 * `--model`. Throws one line where a file can't be read, or options don't go together.
 */
export async function readForeign(
  flags: ForeignFlags & { readonly [K in (typeof building)[number]]?: unknown },
): Promise<((image: ImageShape) => ImportedModel) | undefined> {
  const {
    model: path,
    decoder,
    likelihood: kind,
    variance,
    loss,
    mean,
    logVariance,
    code,
    reconstruction,
  } = flags;
  if (path === undefined) {
    const stray = about.find((name) => flags[name] !== undefined);
    return stray === undefined
      ? undefined
      : fail("train", `${option(stray)} is about a model from elsewhere: name its file by --model`);
  }
  const needless = building.find((name) => flags[name] !== undefined);
  if (needless !== undefined)
    fail("train", `${option(needless)} does not go with --model, which is built already`);
  const files = {
    model: await readBytes(path, LARGEST_FILE),
    decoder: decoder === undefined ? undefined : await readBytes(decoder, LARGEST_FILE),
  };
  const pixels =
    kind === undefined && variance === undefined ? undefined : { kind: kind ?? "gaussian", variance };
  const named = {
    loss,
    mean,
    logVariance,
    code,
    reconstruction,
    subjects: { model: path, decoder: decoder ?? path },
  };
  // `describe` says what is wrong with a likelihood.
  const likelihood = pixels as ImportOptions["likelihood"];
  return (image) => importModel(files.model, files.decoder, { image, ...named, likelihood });
}
