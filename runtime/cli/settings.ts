/** What a training is told: a configuration file or an earlier run, and options that go before them. */
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { parse } from "../../graphs/config.ts";
import { dataSpec } from "../data/spec.ts";
import type { DeviceChoice } from "../device.ts";
import { unreadable } from "../host/file.ts";
import { readJson } from "../json.ts";
import { presetNamed } from "../preset.ts";
import { parseRunConfig, type RunConfig } from "../run-config.ts";
import type { ForeignFlags } from "./foreign.ts";
import type { Assignment } from "./usage.ts";

/** A configuration file; a run's `run.json` is read as one too. */
const settingsFile = z.strictObject({
  data: z.union([z.string().transform((name) => ({ name })), dataSpec]).optional(),
  preset: z.string().optional(),
  /** Settings of the model; with `family`, a whole description. */
  model: z.record(z.string(), z.unknown()).default({}),
  training: z.record(z.string(), z.unknown()).default({}),
  out: z.string().optional(),
});

export type Settings = z.output<typeof settingsFile>;

/** The options of `isthmus train`, as the command line gives them. */
export interface TrainFlags extends ForeignFlags {
  readonly data?: string;
  readonly resize?: [number, number];
  readonly channels?: number;
  readonly validation?: number;
  readonly limit?: number;
  readonly preset?: string;
  readonly latent?: number;
  readonly hidden?: number[];
  readonly activation?: string;
  readonly initialiser?: string;
  readonly epochs?: number;
  readonly batch?: number;
  readonly learningRate?: number;
  readonly learningRateSchedule?: string;
  readonly optimizer?: string;
  readonly weightDecay?: number;
  readonly momentum?: number;
  readonly clipNorm?: number;
  readonly klWeight?: number;
  readonly klWarmup?: number;
  readonly patience?: number;
  readonly seed?: number;
  readonly set?: readonly Assignment[];
  readonly device?: DeviceChoice;
  readonly engine?: "graph" | "training-session";
  readonly threads?: number;
  readonly out?: string;
  readonly resume?: string | true;
  readonly config?: string;
  readonly report: boolean;
  readonly json?: boolean;
}

/** Reads a configuration file. Throws one line where it can't be read or says what no training understands. */
export async function readSettings(path: string): Promise<Settings> {
  const text = await readFile(path, "utf8").catch((error) => unreadable(path, error));
  const data = readJson(text, path);
  const isRun = typeof data === "object" && data !== null && "format" in data;
  return isRun ? settingsOf(parseRunConfig(text, path)) : parse(settingsFile, data, path);
}

/** The settings that a run was made with. */
export function settingsOf({ model, training, data }: RunConfig): Settings {
  return { data: data.source === null ? undefined : parse(dataSpec, data.source, "data"), model, training };
}

/** The entries that are there. */
function given<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}

/** A run's settings with a file's laid over them, one by one; a preset or a family in the file is a model of its own. */
export function withFile(settings: Settings, file: Settings): Settings {
  const isPreset = file.preset !== undefined;
  const isWhole = isPreset || typeof file.model.family === "string";
  return {
    ...settings,
    ...file,
    model: { ...(isWhole ? {} : settings.model), ...file.model },
    training: { ...(isPreset ? {} : settings.training), ...file.training },
  };
}

/** Settings with options laid over them. */
export function withFlags(settings: Settings, flags: TrainFlags): Settings {
  const { data: name, resize, channels, validation, limit } = flags;
  const before = name === undefined || name === settings.data?.name ? settings.data : undefined;
  const own = presetNamed(flags.preset ?? settings.preset ?? "vae");
  // What was trained before has a model and ways of its own, unless a preset is asked for.
  const isRun = typeof settings.model.family === "string";
  const isNew = !isRun || flags.preset !== undefined;
  const data = {
    name: name ?? before?.name ?? "digits",
    ...(isNew ? own.data : {}),
    ...given({ name }),
    ...before,
    ...(isRun && isNew ? own.data : {}),
    ...given({ resize, channels, validation, limit }),
  };
  const { latent, hidden, activation, initialiser, likelihood, variance } = flags;
  const pixels =
    likelihood === undefined && variance === undefined
      ? undefined
      : given({ kind: likelihood ?? "gaussian", variance });
  const { epochs, batch, learningRate, clipNorm, klWeight, patience, seed } = flags;
  const { optimizer: kind, weightDecay, momentum, learningRateSchedule, klWarmup } = flags;
  const optimizer = kind ?? weightDecay ?? momentum;
  const training = given({
    ...{ epochs, batch, learningRate, clipNorm, klWeight, patience, seed },
    optimizer:
      optimizer === undefined
        ? undefined
        : given({ kind: kind ?? (momentum === undefined ? "adamw" : "sgd"), weightDecay, momentum }),
    learningRateSchedule: learningRateSchedule === undefined ? undefined : { kind: learningRateSchedule },
    klSchedule: klWarmup === undefined ? undefined : { kind: "warmup", epochs: klWarmup },
  });
  // A preset on the command line begins anew; without one, an earlier run's model is kept.
  const model = {
    ...(flags.preset === undefined ? settings.model : {}),
    ...given({ latent, hidden, activation, initialiser, likelihood: pixels }),
  };
  return {
    data: parse(dataSpec, data, "data"),
    preset: flags.preset ?? settings.preset,
    ...assigned(
      { model, training: { ...(isRun && isNew ? {} : settings.training), ...training } },
      isNew ? { model: own.defaults, training: own.training } : {},
      flags.set ?? [],
    ),
    out: flags.out ?? settings.out,
  };
}

/**
 * Settings with others laid over them by their paths: of the training after `training`, else of the model. What a path
 * leads into begins as it is, or as it is by default.
 */
function assigned(
  settings: Pick<Settings, "model" | "training">,
  defaults: unknown,
  assignments: readonly Assignment[],
) {
  return assignments.reduce((all, [path, value]) => {
    const [first] = path;
    return laid(all, defaults, first === "training" ? path : ["model", ...path], value) as typeof all;
  }, settings);
}

function laid(over: unknown, under: unknown, [name, ...rest]: readonly string[], value: unknown): unknown {
  if (name === undefined) return value;
  const [there, below] = [over, under].map(fieldsOf) as [Fields | undefined, Fields | undefined];
  // Another kind of thing has other settings.
  if (name === "kind" && rest.length === 0 && (there ?? below)?.kind !== value) return { kind: value };
  const [before, beneath] = [there, below].map((all) =>
    all && Object.hasOwn(all, name) ? all[name] : undefined,
  );
  const begun = rest.length > 0 && before === undefined ? beneath : before;
  return { ...there, [name]: laid(begun, undefined === begun ? undefined : beneath, rest, value) };
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null ? (value as Fields) : undefined;
}
