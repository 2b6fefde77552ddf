/** `isthmus export --precision`: an encoder and a decoder in fewer bytes, and what they lose. */
import { join } from "node:path";
import { factsOf } from "../../graphs/families.ts";
import { Random } from "../../src/data/random.ts";
import { calibrate, type HalvesLoss, lossWith } from "../compare.ts";
import { exportModel, type Trained } from "../export.ts";
import { nounOf } from "../figures/gallery.ts";
import { writeWhole } from "../host/file.ts";
import { nodeHost } from "../host/node.ts";
import { type Precision, precisionName } from "../precision.ts";
import type { Run } from "../run.ts";
import type { RunResult } from "../run-config.ts";
import { print, showCount } from "./output.ts";
import { type DataFlags, dataFor, splitOf } from "./source.ts";

interface Flags extends DataFlags {
  readonly precision: Precision["kind"];
  /** Training images from which the ranges of activations are taken; without them int8 is dynamic. */
  readonly calibration?: number;
  readonly threads?: number;
  readonly out?: string;
  readonly json?: boolean;
}

const halves = ["encoder", "decoder"] as const;

export async function exportSmaller(run: Run, flags: Flags): Promise<void> {
  const { precision: kind, calibration, threads, out, json } = flags;
  const data = await dataFor(run, flags);
  const { model, training, result, data: about } = run.config;
  const { classes, medium } = about;
  const trained: Trained = { model, training, classes, medium, parameters: run.parameters, result };
  const at = { device: "cpu" as const, threads };
  const precision: Precision =
    kind === "int8" && calibration !== undefined
      ? {
          kind,
          ranges: await calibrate(trained, some(data.train.images, calibration, training.seed), nodeHost, at),
        }
      : { kind };
  const split = splitOf(run);
  const images = run.imagesOf(data, split);
  const before = await lossWith(trained, undefined, images, nodeHost, at);
  const after = await lossWith(trained, precision, images, nodeHost, at);
  const files = halves.map((name) => ({
    file: join(out ?? run.directory.path, `${name}.${kind}.onnx`),
    bytes: exportModel(
      name,
      { ...trained, result: result && remeasured(result, after, training.klWeight) },
      precision,
    ),
    before: run.model(name).length,
  }));
  for (const { file, bytes } of files) await writeWhole(file, bytes);
  const facts = factsOf(model);
  const terms = {
    reconstruction: { before: before.reconstruction, after: after.reconstruction },
    ...(before.elbo !== undefined && { elbo: { before: before.elbo, after: after.elbo! } }),
  };
  const name = precisionName(precision);
  const lost = Object.entries(terms).map(([term, { before, after }]) => [
    `${split} ${term === "elbo" ? "ELBO" : term}`,
    before.toFixed(2),
    after.toFixed(2),
    `${after < before ? "" : "+"}${(after - before).toFixed(3)} ${facts.unit}`,
  ]);
  const sizes = files.map(({ file, bytes, before }) => [
    file,
    kilobytes(before),
    kilobytes(bytes.length),
    `÷ ${(before / bytes.length).toFixed(2)}`,
  ]);
  print(
    {
      precision: name,
      ...(calibration !== undefined && { calibration: Math.min(calibration, data.train.images.count) }),
      files: files.map(({ file, bytes, before }) => ({ file, bytes: bytes.length, before })),
      ...terms,
      unit: facts.unit,
      split,
      images: images.count,
    },
    [
      ...table([["", "float32", name, ""], ...sizes, ...lost]),
      `over ${showCount(images.count)} ${nounOf(medium)}s`,
    ],
    json,
  );
}

/** A run's result as the smaller files have it: what they say of themselves is what they were measured at. */
function remeasured(result: RunResult, { reconstruction, elbo }: HalvesLoss, klWeight: number): RunResult {
  const kl = elbo === undefined ? result.test.kl : -elbo - reconstruction;
  return { ...result, test: { loss: reconstruction + klWeight * kl, reconstruction, kl } };
}

/** So many images, drawn from all of them without repetition: a folder's come class by class. */
function some(images: Parameters<typeof calibrate>[1], count: number, seed: number) {
  const order = new Random(seed, "calibration").permutation(images.count);
  return images.pick(order.subarray(0, count));
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1e3).toFixed(1)} kB`;
}

/** Rows as lines: the first cell to the left, the others to the right of their columns. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  return rows.map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join("   ")
      .trimEnd(),
  );
}
