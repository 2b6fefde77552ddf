/** The state of a training: parameters, the optimizer's slots for each, and the number of steps taken. */
import { Random } from "../src/data/random.ts";
import { emptyArray } from "../src/ir/dtype.ts";
import { fail } from "../src/ir/error.ts";
import { filled, scalar, sizeOf, type Tensor, type Tensors, tensor } from "../src/ir/tensor.ts";
import { showType } from "../src/ir/value.ts";
import type { Parameter } from "../src/nn/scope.ts";
import { type ModelDescription, parametersOf } from "./families.ts";
import { type OptimizerConfig, optimizerOf } from "./optimizer.ts";

/** The slot's name in a state: `first_moment.encoder.mean.bias`. */
export function slotName(slot: string, parameter: string): string {
  return `${slot}.${parameter}`;
}

/**
 * The state before the first step: every parameter drawn from its own stream of the seed (so that one layer more
 * leaves the others as they were) or as it is `given`, slots zero, `step` 0. Throws where what is given does not fit.
 */
export function initialState(
  description: ModelDescription,
  optimizer: OptimizerConfig,
  seed: number,
  given: Tensors = {},
): Tensors {
  const parameters = parametersOf(description);
  for (const name of Object.keys(given))
    if (!parameters.some((parameter) => parameter.name === name))
      fail("train", `the model has no parameter ${name}`);
  const { slots } = optimizerOf(optimizer);
  return Object.fromEntries<Tensor>([
    ...parameters.map((parameter) => {
      const { name } = parameter;
      return [name, begin(parameter, given[name], new Random(seed, `init/${name}`))] as const;
    }),
    ...slots.flatMap((slot) =>
      parameters
        .filter(({ isTrainable }) => isTrainable)
        .map(({ name, shape }) => [slotName(slot, name), filled("float32", shape, 0)] as const),
    ),
    ["step", scalar("float32", 0)],
  ]);
}

function begin({ name, shape, init }: Parameter, given: Tensor | undefined, random: Random): Tensor {
  if (given !== undefined) {
    const [is, wanted] = [showType(given), showType({ dtype: "float32", shape })];
    return is === wanted ? given : fail("train", `${name} is given as ${is}, the model has ${wanted}`);
  }
  const data = emptyArray("float32", sizeOf(shape));
  if (init.kind === "given")
    fail(
      "train",
      `${name} begins as in the file that it is from: give that again (--model), or the parameters`,
    );
  else if (init.kind === "constant") data.fill(init.value);
  else if (init.kind === "uniform") random.fillUniform(data, -init.bound, init.bound);
  else
    random.fillNormal(data).forEach((value, i) => {
      data[i] = value * init.deviation;
    });
  return tensor("float32", shape, data);
}
