/** From what is asked for, a preset and settings laid over it, to a model of some data and its training. */
import { describe, type ModelDescription, type ModelInput } from "../graphs/families.ts";
import { type Preset, type PresetName, presets } from "../graphs/presets.ts";
import type { TrainingInput } from "../graphs/training-config.ts";
import type { ImageShape } from "../src/data/images.ts";
import { fail } from "../src/ir/error.ts";
import { nearest } from "./nearest.ts";

/** Settings of the model and of its training that go before the preset's; with `family`, a whole model. */
export interface Asked {
  readonly preset?: string | undefined;
  readonly model: Readonly<Record<string, unknown>>;
  readonly training: Readonly<Record<string, unknown>>;
}

/** What a model is built for. */
export interface DataFacts {
  readonly image: ImageShape;
  readonly classes: readonly string[] | null;
  /** The number of training images. */
  readonly count: number;
}

/** The model that settings describe, for images of this shape and, where a preset takes more from the data, for those. */
export function modelOf(settings: Asked, { image, classes, count }: DataFacts): ModelDescription {
  const { model } = settings;
  if (typeof model.family === "string") return describe({ ...model, image } as ModelInput);
  const preset = presetOf(settings);
  const facts: Readonly<Record<(typeof preset.takes)[number], number>> = {
    classes:
      classes?.length ??
      (preset.takes.includes("classes") ? fail("data", "the model asks for labels, and these have none") : 0),
    items: count,
  };
  const taken = Object.fromEntries(preset.takes.map((name) => [name, facts[name]]));
  return (preset as Preset<"vae">)({ ...taken, ...model, image });
}

/**
 * How settings train on so many images: a preset has ways of its own, which what they say goes before. A batch is no
 * larger than there are images, unless they say so.
 */
export function trainingOf(settings: Asked, count = Number.POSITIVE_INFINITY): TrainingInput {
  const own: TrainingInput = typeof settings.model.family === "string" ? {} : presetOf(settings).training;
  const { batch = 128 } = own;
  return { ...own, batch: Math.min(batch, count), ...settings.training };
}

function presetOf({ preset = "vae" }: Asked) {
  return presetNamed(preset);
}

/** Throws where there is no preset of that name, with the nearest one there is. */
export function presetNamed(name: string): (typeof presets)[PresetName] {
  if (Object.hasOwn(presets, name)) return presets[name as PresetName];
  const names = Object.keys(presets);
  const meant = nearest(name, names);
  return fail(
    "train",
    `there is no preset "${name}": ${meant === undefined ? `there are ${names.join(", ")}` : `did you mean "${meant}"?`}`,
  );
}
