/** What a training asks of its images, and of a state to go on from. */
import type { ModelDescription } from "../graphs/families.ts";
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
    for (const value of data)
      if (!Number.isFinite(value))
        fail("train", `${name} has a value of ${value}; the last good checkpoint stays`);
  }
}
