/** Figures of what a decoder makes up: samples, one latent at a time, the latent plane. */
import { Images } from "../../src/data/images.ts";
import { tensor } from "../../src/ir/tensor.ts";
import { type Floats, priorCodes, rows } from "../models.ts";
import { latentGridCodes } from "../pictures/codes.ts";
import { classSamples, latentGrid, sweeps } from "../pictures/grids.ts";
import type { Picture } from "../pictures/picture.ts";
import type { Study } from "./study.ts";

const GRID_SIDE = 20;
const SWEPT = 12;
const SWEEP_STEPS = 13;
const REACH = 3;
/** Codes a class, and the most classes. */
const CLASS_COLUMNS = 10;
const MOST_CLASSES = 20;

/** Decoded draws from the prior; of a conditional model the same draws for every class. */
export async function sampleFigure({
  config,
  decoder,
  facts,
  gallery,
  decode,
}: Study): Promise<Picture | null> {
  if (!facts.hasPrior) return null;
  const { classes, medium } = config.data;
  const { seed } = config.training;
  if (!decoder.isConditional || classes === null)
    return gallery.sampled(await decode(priorCodes(gallery.samples, decoder.latent, seed), null));
  const told = classes.slice(0, medium.kind === "image" ? MOST_CLASSES : classes.length);
  const { codes, labels } = ofEachClass(priorCodes(CLASS_COLUMNS, decoder.latent, seed), told.length);
  const decoded = await decode(codes, labels);
  return medium.kind === "image"
    ? classSamples(Images.fromTensor(decoded), CLASS_COLUMNS, told)
    : gallery.sampled(rows(decoded, 0, gallery.samples));
}

/** The same codes for each class in turn, and the classes' numbers. */
export function ofEachClass(codes: Floats, classes: number): { codes: Floats; labels: Int32Array } {
  const [count = 0, latent = 0] = codes.shape;
  const data = new Float32Array(classes * codes.data.length);
  for (let label = 0; label < classes; label++) data.set(codes.data, label * codes.data.length);
  return {
    codes: tensor("float32", [classes * count, latent], data),
    labels: Int32Array.from({ length: classes * count }, (_, i) => Math.floor(i / count)),
  };
}

/** One latent a row, over what the prior holds, and the others as one test image has them. */
export async function sweepFigure({ details, codes, shown, data, decode }: Study): Promise<Picture | null> {
  const kl = details.kl_per_dimension?.mean;
  if (kl === undefined || kl.length <= 2 || data.medium.kind !== "image") return null;
  const latent = kl.length;
  const swept = Array.from(kl, (value, dimension) => ({ dimension, kl: value }))
    .sort((a, b) => b.kl - a.kl)
    .slice(0, SWEPT);
  const swung = new Float32Array(swept.length * SWEEP_STEPS * latent);
  for (const [row, { dimension }] of swept.entries())
    for (let step = 0; step < SWEEP_STEPS; step++) {
      const start = (row * SWEEP_STEPS + step) * latent;
      swung.set(codes.data.subarray(0, latent), start);
      swung[start + dimension] = REACH * ((2 * step) / (SWEEP_STEPS - 1) - 1);
    }
  const count = swept.length * SWEEP_STEPS;
  const labels = new Int32Array(count).fill(shown.labels?.[0] ?? 0);
  const decoded = await decode(tensor("float32", [count, latent], swung), labels);
  return sweeps(Images.fromTensor(decoded), SWEEP_STEPS, swept, REACH);
}

/** The whole of a plane of codes. */
export async function planeFigure({ decoder, facts, data, decode }: Study): Promise<Picture | null> {
  if (decoder.latent !== 2 || !facts.hasPrior || data.medium.kind !== "image") return null;
  const codes = tensor("float32", [GRID_SIDE ** 2, 2], latentGridCodes(GRID_SIDE));
  return latentGrid(Images.fromTensor(await decode(codes, new Int32Array(GRID_SIDE ** 2))));
}
