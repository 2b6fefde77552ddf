/** The state of a training: parameters, the optimizer's slots for each, and the number of steps taken. */
import { Random } from "../src/data/random.ts";
import { emptyArray } from "../src/ir/dtype.ts";
import { filled, scalar, sizeOf, type Tensor, type Tensors, tensor } from "../src/ir/tensor.ts";
import type { Init } from "../src/nn/init.ts";
import { type ModelDescription, parametersOf } from "./families.ts";
import { type OptimizerConfig, optimizerOf } from "./optimizer.ts";

/** The slot's name in a state: `first_moment.encoder.mean.bias`. */
export function slotName(slot: string, parameter: string): string {
  return `${slot}.${parameter}`;
}

/**
 * The state before the first step: every parameter drawn from its own stream of the seed (so that one layer more
 * leaves the others as they were), slots zero, `step` 0.
 */
export function initialState(
  description: ModelDescription,
  optimizer: OptimizerConfig,
  seed: number,
): Tensors {
  const parameters = parametersOf(description);
  const { slots } = optimizerOf(optimizer);
  return Object.fromEntries<Tensor>([
    ...parameters.map(
      ({ name, shape, init }) => [name, draw(init, shape, new Random(seed, `init/${name}`))] as const,
    ),
    ...slots.flatMap((slot) =>
      parameters.map(({ name, shape }) => [slotName(slot, name), filled("float32", shape, 0)] as const),
    ),
    ["step", scalar("float32", 0)],
  ]);
}

function draw(init: Init, shape: readonly number[], random: Random): Tensor<"float32"> {
  const data = emptyArray("float32", sizeOf(shape));
  if (init.kind === "constant") data.fill(init.value);
  else if (init.kind === "uniform") random.fillUniform(data, -init.bound, init.bound);
  else
    random.fillNormal(data).forEach((value, i) => {
      data[i] = value * init.deviation;
    });
  return tensor("float32", shape, data);
}
