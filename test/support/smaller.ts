/** The encoder and the decoder of every preset in every precision. */
import { parse } from "../../graphs/config.ts";
import { halvesEvaluation } from "../../graphs/evaluation.ts";
import { trainingConfig } from "../../graphs/training-config.ts";
import { batchFeeds, streamsOf } from "../../runtime/evaluate.ts";
import { bound, exportModel, type Trained } from "../../runtime/export.ts";
import { type Precision, precisionName } from "../../runtime/precision.ts";
import type { Images } from "../../src/data/images.ts";
import { type Ranges, rangesOf } from "../../src/passes/quantise.ts";
import { run } from "./interpreter/interpreter.ts";
import { drawnState, type Tiny, tinyPresets } from "./presets.ts";

/** What an export of a preset is made of, weights drawn. */
export function trainedOf({ model, training: given }: Tiny): Trained {
  const training = parse(trainingConfig, given, "training");
  return { model, training, classes: ["a", "b", "c"], parameters: drawnState(model, training) };
}

/** The ranges that the reference interpreter finds when images go through a model. */
export function interpretedRanges({ model, training, parameters }: Trained, images: Images): Ranges {
  const { graph, feeds } = halvesEvaluation(model);
  const observed = rangesOf(bound(graph, model, parameters));
  const ends = run(observed, batchFeeds(feeds, images, 0, streamsOf(feeds, training.seed)));
  const names = Object.keys(ends).flatMap((name) => (name.endsWith(".low") ? [name.slice(0, -4)] : []));
  return Object.fromEntries(
    names.map((name) => [name, [ends[`${name}.low`]!.data[0]!, ends[`${name}.high`]!.data[0]!]]),
  );
}

export interface SmallerFile {
  /** `conv-vae-decoder.int8-static` */
  readonly title: string;
  readonly tiny: Tiny;
  readonly half: "encoder" | "decoder";
  readonly precision: Precision;
  readonly bytes: Uint8Array;
  /** The bytes of the same in float32. */
  readonly whole: Uint8Array;
}

export const smallerFiles: readonly SmallerFile[] = tinyPresets.flatMap((tiny) => {
  const trained = trainedOf(tiny);
  const precisions: readonly Precision[] = [
    { kind: "fp16" },
    { kind: "int8" },
    { kind: "int8", ranges: interpretedRanges(trained, tiny.data.train.images) },
  ];
  return precisions.flatMap((precision) =>
    (["encoder", "decoder"] as const).map((half) => ({
      title: `${tiny.name}-${half}.${precisionName(precision)}`,
      tiny,
      half,
      precision,
      bytes: exportModel(half, trained, precision),
      whole: exportModel(half, trained),
    })),
  );
});
