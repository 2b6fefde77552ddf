/** `run.json`: all that a run can be rebuilt from, and what came out of it. */
import { z } from "zod";
import { imageShape, parse } from "../graphs/config.ts";
import { modelDescription } from "../graphs/families.ts";
import { trainingConfig } from "../graphs/training-config.ts";
import type { Dataset, SplitName } from "../src/data/dataset.ts";
import { fail } from "../src/ir/error.ts";
import { medium, quantiles } from "./about.ts";
import { readJson } from "./json.ts";

/** Raised when a run of before can no longer be read as it is. */
const FORMAT = 1;

const split = z.strictObject({ count: z.int(), origin: z.string() });

/** What `Losses` are, for parsing them. */
export const losses = z.strictObject({ loss: z.number(), reconstruction: z.number(), kl: z.number() });

/** `conv-vae` was a family of its own before it became a \`vae\` with filters: the same settings and parameters. */
const model = z.preprocess(
  (given) =>
    typeof given === "object" && given !== null && "family" in given && given.family === "conv-vae"
      ? { ...given, family: "vae" }
      : given,
  modelDescription,
);

/** What `RunConfig` is, for parsing it. */
export const runConfig = z.strictObject({
  format: z.literal(FORMAT),
  /** The version of Isthmus that began the run. */
  isthmus: z.string(),
  model,
  training: trainingConfig,
  device: z.string(),
  data: z.strictObject({
    /** How to load it again; null where it was made in memory. */
    source: z.record(z.string(), z.unknown()).nullable(),
    name: z.string(),
    /** What the images stand for; runs from before there was a choice are of pictures. */
    medium: medium.default({ kind: "image" }),
    image: imageShape,
    classes: z.array(z.string()).nullable(),
    fingerprint: z.string(),
    splits: z.strictObject({ train: split, validation: split, test: split }),
  }),
  /** Set when training has ended. */
  result: z
    .strictObject({
      epochs: z.int(),
      bestEpoch: z.int().nullable(),
      validation: z.number().nullable(),
      test: losses,
      seconds: z.number(),
      imagesPerSecond: z.number().nullable(),
      millisecondsPerStep: z.number().nullable(),
      /** Runs from before they were measured have none. */
      quantiles: quantiles.nullable().optional(),
    })
    .optional(),
});

/** What `run.json` says. */
export type RunConfig = z.output<typeof runConfig>;
/** What came out of a training that has ended: losses in nats per image, times in seconds. */
export type RunResult = NonNullable<RunConfig["result"]>;

export function newRunConfig(parts: Omit<RunConfig, "format">): RunConfig {
  return { format: FORMAT, ...parts };
}

/** What `run.json` says of a data set. */
export function recordOf(data: Dataset): RunConfig["data"] {
  const { source, name, medium, image, classes, fingerprint } = data;
  const counted = (split: SplitName) => ({ count: data[split].images.count, origin: data[split].origin });
  const splits = {
    train: counted("train"),
    validation: counted("validation"),
    test: counted("test"),
  };
  return { source, name, medium, image, classes: classes && [...classes], fingerprint, splits };
}

/** Reads `run.json`. Throws one line where it is damaged or was written by a newer Isthmus. */
export function parseRunConfig(json: string, subject: string): RunConfig {
  const data = readJson(json, subject);
  const { format, isthmus } = z
    .object({ format: z.unknown(), isthmus: z.unknown() })
    .catch({ format: 0, isthmus: 0 })
    .parse(data);
  if (typeof format === "number" && format > FORMAT) {
    fail(
      subject,
      `the run was made by a newer Isthmus (${isthmus}): this one reads format ${FORMAT}, the run has ${format}`,
    );
  }
  return parse(runConfig, data, subject);
}

/** Throws where a run began with another model, or settings that decide what comes next. */
export function requireSame(
  began: RunConfig,
  now: Pick<RunConfig, "model" | "training">,
  subject: string,
): void {
  const [before, after] = [decisive(began), decisive(now)];
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [was, is] = [before, after].map((settings) => JSON.stringify(settings[name]) ?? "not set");
    if (was === is) continue;
    if (name === "graphs")
      fail(subject, "can't be resumed: the model's graphs are not those that the run began with");
    fail(subject, `can't be resumed: ${name} is ${is}, and was ${was} when the run began`);
  }
}

function decisive({ model, training }: Pick<RunConfig, "model" | "training">) {
  const { epochs: _, patience: __, ...rest } = training;
  return { ...model, ...rest } as Readonly<Record<string, unknown>>;
}
