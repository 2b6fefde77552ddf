/** Every preset so small that a training takes a moment, and images for it. */
import { describe, type ModelDescription, type ModelInput, parametersOf } from "../../graphs/families.ts";
import { type PresetName, presets } from "../../graphs/presets.ts";
import { initialState } from "../../graphs/state.ts";
import type { TrainingConfig, TrainingInput } from "../../graphs/training-config.ts";
import { sealed } from "../../runtime/data/fingerprint.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { type ImageShape, Images, pixelsOf } from "../../src/data/images.ts";
import { Random } from "../../src/data/random.ts";
import type { Tensors } from "../../src/ir/tensor.ts";

/** What makes a preset small; an `image` of its own where it is not for images of any shape. */
type Settings<N extends PresetName> = Partial<Parameters<(typeof presets)[N]>[0]>;

/** Sides that differ and two channels, so that no axis is taken for another. */
const image: ImageShape = { channels: 2, height: 8, width: 4 };
const dense = { hidden: [5], latent: 3 };
const convolutional = { filters: [3, 4], hidden: [5], latent: 3 };

const settings = {
  "linear-ae": { latent: 3 },
  pca: { latent: 3 },
  "undercomplete-ae": dense,
  "deep-ae": { hidden: [6, 5, 4], latent: 3 },
  "conv-ae": convolutional,
  "denoising-ae": dense,
  "sparse-ae": dense,
  "contractive-ae": dense,
  memorizer: { hidden: [5] },
  vae: dense,
  "vae-2d": {
    ...convolutional,
    latent: 2,
    decoder: { filters: [4, 4, 3], output: "same-size" },
  },
  "conv-vae": convolutional,
  "beta-vae": dense,
  "conditional-vae": dense,
  "burda-vae": { hidden: [6, 5], latent: 3 },
  iwae: { hidden: [6, 5], latent: 3, importanceSamples: 3 },
  "wae-mmd": convolutional,
  "vq-vae": { filters: [3, 4], codes: 5, embedding: 3 },
  "colour-vae": convolutional,
  "text-vae": { image: { channels: 5, height: 1, width: 6 }, ...dense },
  "sound-vae": { image: { channels: 1, height: 1, width: 64 }, ...convolutional },
} satisfies { readonly [N in PresetName]: Settings<N> };

export const presetNames = Object.keys(presets) as readonly PresetName[];

/** A model, how it is trained, and what on. */
export interface Tiny {
  readonly name: string;
  readonly model: ModelDescription;
  readonly training: TrainingInput;
  readonly data: Dataset;
}

const counts = { train: 26, validation: 5, test: 6 } as const;
const classes = ["a", "b", "c"];

/** Images of random pixels. */
export function noisy(image: ImageShape): Dataset {
  const random = new Random(2, "pixels");
  const split = (name: keyof typeof counts) => {
    const bytes = Uint8Array.from({ length: counts[name] * pixelsOf(image) }, () => random.integer(256));
    const labels = Uint8Array.from({ length: counts[name] }, () => random.integer(classes.length));
    return { images: new Images(image, bytes), labels, origin: name };
  };
  return sealed("noisy", {
    train: split("train"),
    validation: split("validation"),
    test: split("test"),
    classes,
  });
}

/**
 * Six steps an epoch, two images left over in each; two epochs, but for presets that are not trained at all. A bias
 * before a batch normalisation changes nothing: Adam would make strides of the rounding errors that its gradients are.
 */
function tinyTraining(model: ModelDescription, ways: Partial<TrainingInput>): TrainingInput {
  const { epochs = 2, ...training } = ways;
  const isNormalised = parametersOf(model).some(({ isTrainable }) => !isTrainable);
  const plain: Partial<TrainingInput> = isNormalised
    ? { optimizer: { kind: "sgd" }, learningRate: 1e-3 }
    : {};
  return { ...training, ...plain, batch: 4, epochs: Math.min(2, epochs), seed: 1 };
}

function tiny(name: PresetName): Tiny {
  const preset = presets[name];
  const small: object | undefined = settings[name];
  if (small === undefined) throw new Error(`${name} has no tiny settings in test/support/presets.ts`);
  const facts = { classes: classes.length, items: counts.train };
  const taken = Object.fromEntries(preset.takes.map((fact) => [fact, facts[fact]]));
  const model = (preset as (settings: object) => ModelDescription)({ image, ...taken, ...small });
  return { name, model, training: tinyTraining(model, preset.training), data: noisy(model.image) };
}

/** One for each preset that there is. */
export const tinyPresets: readonly Tiny[] = presetNames.map(tiny);

const convolutionalVae = tiny("conv-vae");
const withBuffers = describe({ ...convolutionalVae.model, normalization: "batch" } as ModelInput);

/** A model of no preset, with buffers: no gradient moves them, and they are kept with the parameters all the same. */
export const normalised: Tiny = {
  ...convolutionalVae,
  name: "with batch normalisation",
  model: withBuffers,
  training: tinyTraining(withBuffers, {}),
};

/** A state to begin from, in which what is otherwise computed from the images is drawn as well. */
export function drawnState(model: ModelDescription, { optimizer, seed }: TrainingConfig): Tensors {
  const isComputed = "initialiser" in model && model.initialiser === "pca";
  const drawn = isComputed ? ({ ...model, initialiser: "pytorch" } as ModelDescription) : model;
  return initialState(drawn, optimizer, seed);
}
