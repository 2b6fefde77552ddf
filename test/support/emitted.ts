/** Every model file that Isthmus writes, for several models and optimizers and for every preset. */
import { parse } from "../../graphs/config.ts";
import { describe, type ModelDescription, type ModelInput } from "../../graphs/families.ts";
import { type TrainingConfig, type TrainingInput, trainingConfig } from "../../graphs/training-config.ts";
import { exportModel, type ModelName, modelNames } from "../../runtime/export.ts";
import { drawnState, normalised, tinyPresets } from "./presets.ts";

const image = { channels: 1, height: 4, width: 3 };
const gaussian = (variance: number | "learned") => ({ kind: "gaussian", variance }) as const;

const settings: Readonly<Record<string, readonly [ModelInput, TrainingInput]>> = {
  bernoulli: [
    { family: "vae", image, latent: 2, hidden: [5] },
    { batch: 6, optimizer: { kind: "adam" } },
  ],
  "learned-variance": [
    {
      family: "vae",
      image: { ...image, channels: 3 },
      latent: 3,
      hidden: [7, 5],
      activation: "gelu",
      likelihood: gaussian("learned"),
    },
    { batch: 4, optimizer: { kind: "adamw" }, clipNorm: 1 },
  ],
  "fixed-variance": [
    { family: "vae", image, latent: 2, hidden: [5, 5, 5], activation: "silu", likelihood: gaussian(0.1) },
    { batch: 4, optimizer: { kind: "sgd", momentum: 0.9, weightDecay: 1e-4 }, clipNorm: 1 },
  ],
  linear: [
    { family: "vae", image, latent: 1, hidden: [], activation: "linear", initialiser: "he" },
    { batch: 1, optimizer: { kind: "sgd" } },
  ],
};

/** One file, and what it was made of. */
export interface Emitted {
  /** `bernoulli-encoder` */
  readonly title: string;
  readonly name: ModelName;
  readonly model: ModelDescription;
  readonly training: TrainingConfig;
  readonly bytes: Uint8Array;
}

const models = [
  ...Object.entries(settings).map(([title, [input, given]]) => [title, describe(input), given] as const),
  ...[...tinyPresets, normalised].map(({ name, model, training }) => [name, model, training] as const),
];

export const emitted: readonly Emitted[] = models.flatMap(([title, model, given]) => {
  const training = parse(trainingConfig, given, title);
  const parameters = drawnState(model, training);
  return modelNames.map((name) => ({
    title: `${title}-${name}`,
    name,
    model,
    training,
    bytes: exportModel(name, { model, training, classes: ["a", "b"], parameters }),
  }));
});
