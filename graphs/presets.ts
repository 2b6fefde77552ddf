/** The named configurations: a family with settings that are known to work, to be changed at will. */
import type { ImageShape } from "../src/data/images.ts";
import { describe, type ModelDescription, type ModelInput } from "./families.ts";

type Settings<F extends ModelInput["family"]> = Omit<Extract<ModelInput, { family: F }>, "family">;

export const presets = {
  /** Dense, 400 hidden units and 20 latent dimensions: the VAE of PyTorch's own example (Kingma & Welling 2014). */
  vae: (settings: Settings<"vae">): ModelDescription => describe({ family: "vae", ...settings }),
  /** Two latent dimensions and Glorot's initialiser: a plane of images to walk in. */
  "vae-2d": (settings: Settings<"vae">): ModelDescription =>
    describe({ family: "vae", hidden: [512, 256], latent: 2, initialiser: "glorot", ...settings }),
  /** Strided convolutions and their transposes, as in the examples of Keras and PyTorch. */
  "conv-vae": (settings: Settings<"conv-vae">): ModelDescription =>
    describe({ family: "conv-vae", ...settings }),
} as const;

export type PresetName = keyof typeof presets;

/** What every preset needs to know of the data. */
export type PresetSettings = { readonly image: ImageShape } & Readonly<Record<string, unknown>>;
