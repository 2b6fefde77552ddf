/** The named configurations: a family with settings that are known to work, to be changed at will. */
import { fail } from "../src/ir/error.ts";
import { describe, type ModelDescription, type ModelInput } from "./families.ts";
import type { TrainingInput } from "./training-config.ts";

type Settings<F extends ModelInput["family"]> = Omit<Extract<ModelInput, { family: F }>, "family">;
type Defaults<F extends ModelInput["family"]> = Partial<Settings<F>>;

/** What a data set says of itself, where a model is built for it: the number of its classes, and of training images. */
const facts = ["classes", "items"] as const;
type Fact = (typeof facts)[number];

/** How a preset is trained, unless told otherwise, and what it takes from the data. */
interface Ways {
  readonly training?: Partial<TrainingInput>;
  /** What whoever knows the data fills in. */
  readonly takes?: readonly Fact[];
  /** The data set that it is meant for, where that is not images, and how many of them. */
  readonly data?: { readonly name?: string; readonly limit?: number };
}

/** Makes a description of settings; `image` is asked for, and what it takes of the data; all else has a default. */
export interface Preset<F extends ModelInput["family"]> extends Required<Ways> {
  (settings: Settings<F>): ModelDescription;
  readonly defaults: Defaults<F>;
}

function preset<F extends ModelInput["family"]>(
  family: F,
  defaults: Defaults<F> = {},
  { training = {}, takes = [], data = {} }: Ways = {},
): Preset<F> {
  const make = (settings: Settings<F>) => {
    const missing = takes.find((fact) => !Object.hasOwn(settings, fact));
    if (missing !== undefined) fail("preset", `asks for ${missing}, how many of them the data have`);
    return describe({ family, ...defaults, ...settings } as unknown as ModelInput);
  };
  return Object.assign(make, { defaults, training, takes, data });
}

/** 28-wide digits through 3 × 3 windows, as in Keras's example of a VAE. */
const keras: Defaults<"vae"> = {
  filters: [32, 64],
  kernel: 3,
  hidden: [16],
  initialiser: "glorot",
  decoder: { filters: [64, 64, 32], output: "same-size" },
};
const linear: Defaults<"autoencoder"> = {
  hidden: [],
  activation: "linear",
  likelihood: { kind: "squared-error", output: "linear" },
};
/** Two strided convolutions and a dense layer each way, as in the examples of PyTorch. */
const convolutions = { filters: [32, 64], hidden: [256] };
const burda: Defaults<"vae"> = {
  latent: 50,
  hidden: [200, 200],
  activation: "tanh",
  initialiser: "glorot",
  binarise: true,
  outputBias: "mean",
};
const burdaTraining: Partial<TrainingInput> = {
  epochs: 100,
  batch: 20,
  learningRate: 1e-3,
  optimizer: { kind: "adam", epsilon: 1e-4 },
  // Of so small batches each step is mostly noise: the rate has to fall for long.
  learningRateSchedule: { kind: "cosine" },
};

/** Every preset by its name, with where it is from and what is its own. */
export const presets = {
  /** One linear layer each way: its optimum spans the principal components (Baldi & Hornik 1989). */
  "linear-ae": preset("autoencoder", linear, { training: { epochs: 20 } }),
  /** The principal components themselves, in closed form: nothing is left to train (Hotelling 1933). */
  pca: preset("autoencoder", { ...linear, latent: 30, initialiser: "pca" }, { training: { epochs: 0 } }),
  /** 784-256-32 and back. */
  "undercomplete-ae": preset("autoencoder", { hidden: [256] }, { training: { epochs: 20 } }),
  /** 784-1000-500-250-30 and back (Hinton & Salakhutdinov 2006), trained all at once. */
  "deep-ae": preset(
    "autoencoder",
    { hidden: [1000, 500, 250], latent: 30, activation: "silu", initialiser: "he" },
    { training: { epochs: 40, learningRateSchedule: { kind: "cosine" } } },
  ),
  /** Strided convolutions into the code and transposed ones out of it. */
  "conv-ae": preset("autoencoder", convolutions, { training: { epochs: 20 } }),
  /** Half of the pixels are masked, and the whole image is wanted back (Vincent et al. 2010). */
  "denoising-ae": preset("autoencoder", {
    hidden: [512],
    latent: 64,
    corruption: { kind: "masking", share: 0.5 },
  }),
  /** A code of many units of which few are active (Ng 2011). */
  "sparse-ae": preset(
    "autoencoder",
    { hidden: [256], latent: 128, codeActivation: "sigmoid", penalty: { kind: "kl", target: 0.05 } },
    { training: { klWeight: 0.1, epochs: 20 } },
  ),
  /** A code that hardly moves when the image does (Rifai et al. 2011). */
  "contractive-ae": preset(
    "autoencoder",
    { hidden: [256], activation: "elu", codeActivation: "sigmoid", penalty: { kind: "jacobian" } },
    { training: { klWeight: 0.1, epochs: 20 } },
  ),
  /** A decoder alone, which draws each of ten images from a one-hot vector. */
  memorizer: preset(
    "memorizer",
    { hidden: [256] },
    { takes: ["items"], data: { limit: 10 }, training: { epochs: 1000, batch: 10, learningRate: 3e-3 } },
  ),
  /** Dense, 400 hidden units and 20 latent dimensions: the VAE of PyTorch's own example (Kingma & Welling 2014). */
  vae: preset("vae"),
  /** Two latent dimensions: a plane of images to walk in; the convolutional net of Keras's example. */
  "vae-2d": preset("vae", { ...keras, latent: 2 }, { training: { epochs: 20 } }),
  /** Strided convolutions and their transposes, as in the examples of PyTorch. */
  "conv-vae": preset("vae", convolutions, { training: { epochs: 20 } }),
  /** A KL term that weighs four times as much: fewer latent dimensions, each with a meaning (Higgins et al. 2017). */
  "beta-vae": preset(
    "vae",
    { latent: 10 },
    { training: { klWeight: 4, klSchedule: { kind: "warmup", epochs: 3 } } },
  ),
  /** Both halves are told the class, so that the code keeps what is left to say: the style (Sohn et al. 2015). */
  "conditional-vae": preset(
    "vae",
    // Few dimensions, so that they don't say the class again; two layers, so that a stroke's style can depend on it.
    { hidden: [512, 256], latent: 8 },
    { takes: ["classes"], training: { epochs: 20 } },
  ),
  /** The VAE that importance weighted bounds are compared with (Burda et al. 2016, §5). */
  "burda-vae": preset("vae", burda, { training: burdaTraining }),
  /** The same with the bound of five importance samples (Burda et al. 2016, eq. 8). */
  iwae: preset("vae", { ...burda, importanceSamples: 5 }, { training: burdaTraining }),
  /** Codes that as a crowd look like the prior, by their MMD to it (Tolstikhin et al. 2018). */
  "wae-mmd": preset(
    "autoencoder",
    { ...convolutions, penalty: { kind: "mmd" } },
    { training: { epochs: 20, klWeight: 10 } },
  ),
  /** Every place of a 7 × 7 image is one of a codebook's vectors (van den Oord et al. 2017). */
  "vq-vae": preset("vq-vae", {}, { training: { epochs: 20 } }),
  /** Colour images from a folder, whose pixels are normal variables. */
  "colour-vae": preset(
    "vae",
    {
      filters: [32, 64, 128],
      hidden: [256],
      latent: 64,
      initialiser: "glorot",
      likelihood: { kind: "gaussian", variance: 0.01 },
    },
    { training: { epochs: 30, batch: 32 } },
  ),
  /** Lines of text, a channel for each character: what is between two lines is a line as well (Bowman et al. 2016). */
  "text-vae": preset(
    "vae",
    { hidden: [1024, 512], latent: 32, likelihood: { kind: "categorical" } },
    {
      data: { name: "lines" },
      // A lower bound to the full weight leaves most of the latent dimensions unused, and a tenth of the characters wrong.
      training: { epochs: 40, klWeight: 0.05, learningRateSchedule: { kind: "cosine" } },
    },
  ),
  /** Clips of sound through convolutions along time. */
  "sound-vae": preset(
    "vae",
    {
      filters: [32, 64],
      kernel: 32,
      stride: 8,
      hidden: [512],
      // A tone of any phase within two octaves is one of some 170 dimensions: 2 · bandwidth · duration.
      latent: 192,
      initialiser: "glorot",
      likelihood: { kind: "gaussian", variance: 0.002 },
    },
    { data: { name: "tones" }, training: { epochs: 40, batch: 64 } },
  ),
} as const;

export type PresetName = keyof typeof presets;
