/** What a training asks of its images, and of a state to go on from. */
import { feedsOf, type ModelDescription } from "../graphs/families.ts";
import { stateInputs } from "../graphs/step.ts";
import type { TrainingConfig } from "../graphs/training-config.ts";
import type { Images } from "../src/data/images.ts";
import { fail } from "../src/ir/error.ts";
import { showShape } from "../src/ir/shape.ts";
import type { Tensors } from "../src/ir/tensor.ts";

/** Throws where images are not of the model's shape, or fewer than one batch. */
export function requireFit({ image }: ModelDescription, { batch }: TrainingConfig, images: Images): void {
  if (batch > images.count)
    fail("train", `batch ${batch} is larger than the ${images.count} training images`);
  const show = ({ channels, height, width }: Images["image"]) => `${channels}×${height}×${width}`;
  if (show(images.image) !== show(image))
    fail("train", `the images are ${show(images.image)}, the model takes ${show(image)}`);
}

/**
 * Throws where a model asks for what the images don't have: labels, in every split, each one of its classes; or is to
 * hold another number of images than there are to train on.
 */
export function requireSources(
  description: ModelDescription,
  splits: Readonly<Record<string, Images>>,
): void {
  const { classes, items } = { classes: undefined, items: undefined, ...description };
  const count = splits.train?.count;
  if (items !== undefined && items !== count)
    fail("train", `the model holds ${items} images, and there are ${count} to train on`);
  if (!feedsOf(description, 2).some(({ source }) => source === "label")) return;
  for (const [name, { labels }] of Object.entries(splits)) {
    if (labels === null) fail("train", `the model asks for labels, and the ${name} images have none`);
    const highest = labels.reduce((most, label) => Math.max(most, label), 0);
    if (classes !== undefined && highest >= classes)
      fail("train", `the model has ${classes} classes, and a label of the ${name} images is ${highest}`);
  }
}

/** Throws, naming `subject` (the file), where a state is not one of this model's. */
export function requireState(
  description: ModelDescription,
  config: TrainingConfig,
  state: Tensors,
  subject: string,
): void {
  const wanted = Object.entries(stateInputs(description, config));
  for (const [name, { dtype, shape }] of wanted) {
    const { dtype: given, shape: sizes } = state[name] ?? fail(subject, `holds no ${name}`);
    if (given !== dtype || showShape(sizes) !== showShape(shape))
      fail(
        subject,
        `holds ${name} as ${given}${showShape(sizes)}, the model has ${dtype}${showShape(shape)}`,
      );
  }
}

/** Throws where a number in the state is infinite or none, so that no checkpoint ever holds one. */
export function requireFinite(state: Tensors): void {
  for (const [name, { data }] of Object.entries(state)) {
    // By index: an iterator takes seven times as long.
    for (let i = 0; i < data.length; i++) {
      const value = data[i]!;
      if (!Number.isFinite(value))
        fail("train", `${name} has a value of ${value}; the last good checkpoint stays`);
    }
  }
}

/** Throws where a loss is infinite or none; `when` says after what it was measured. */
export function requireFiniteLoss(name: string, value: number, when: string): void {
  if (!Number.isFinite(value))
    fail("train", `the ${name} is ${value} ${when}: the last checkpoint stays; try a lower learning rate`);
}
