/** The presets that are offered, and what the form says of each. */

import { parse } from "../../../graphs/config.ts";
import { factsOf } from "../../../graphs/families.ts";
import { presets } from "../../../graphs/presets.ts";
import { trainingConfig } from "../../../graphs/training-config.ts";
import { modelOf } from "../../preset.ts";
import type { Offer, OfferedName } from "./messages.ts";

const abouts: { readonly [N in OfferedName]: string } = {
  vae: "The variational autoencoder: dense, quick, and good on digits.",
  "conv-vae": "The same with convolutions: sharper, and slower.",
  "beta-vae": "A KL term that weighs more: fewer dimensions, each with a meaning.",
  "conditional-vae": "Is told the class, so the code keeps the style. Needs labels.",
  iwae: "A tighter bound from five samples of each code.",
  "wae-mmd": "No KL: codes look like the prior as a crowd only.",
  "undercomplete-ae": "A plain autoencoder: the narrow code is all there is to it.",
  "denoising-ae": "Half of the pixels are hidden, and the whole image is wanted back.",
};

/** Every offered preset with the sizes and settings that it begins with. */
export function offers(): Offer[] {
  return (Object.keys(abouts) as OfferedName[]).map((name) => {
    const facts = { image: { channels: 1, height: 28, width: 28 }, classes: ["0", "1"], count: 1000 };
    const model = modelOf({ preset: name, model: {}, training: {} }, facts);
    const { latent, hidden } = { latent: 0, hidden: [], ...model };
    const { penalty } = factsOf(model);
    const { epochs, batch, learningRate, klWeight } = parse(trainingConfig, presets[name].training, name);
    return { name, about: abouts[name], latent, hidden, epochs, batch, learningRate, klWeight, penalty };
  });
}
