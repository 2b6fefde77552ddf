/** Between a training's state and a session's checkpoint: the same numbers, under other names and in other units. */
import { type ModelDescription, parametersOf } from "../../graphs/families.ts";
import { slotName } from "../../graphs/state.ts";
import { fail } from "../../src/ir/error.ts";
import { filled, scalar, type Tensor, type Tensors, tensor } from "../../src/ir/tensor.ts";
import type { SessionCheckpoint } from "./checkpoint.ts";
import type { AdamConfig } from "./optimizer.ts";

type Floats = Readonly<Record<string, Tensor<"float32">>>;

/** The checkpoint of a training by Adam. */
export function checkpointOf(
  description: ModelDescription,
  { beta1, beta2 }: AdamConfig,
  state: Tensors,
  learningRate: number,
): SessionCheckpoint {
  requireNoBuffers(description);
  const names = parametersOf(description).map(({ name }) => name);
  const pick = (nameOf: (parameter: string) => string, factor: number) =>
    Object.fromEntries(
      names.map((name) => [name, scaled(state[nameOf(name)] as Tensor<"float32">, factor)] as const),
    );
  return {
    parameters: pick((name) => name, 1),
    optimizer: {
      step: (state.step as Tensor<"float32">).data[0]!,
      learningRate,
      firstMoments: pick((name) => slotName("first_moment", name), share(beta1)),
      secondMoments: pick((name) => slotName("second_moment", name), share(beta2)),
    },
  };
}

/** Throws where a model has parameters that no gradient moves: a TrainingSession has no place for them. */
function requireNoBuffers(description: ModelDescription): void {
  if (parametersOf(description).some(({ isTrainable }) => !isTrainable))
    fail("training-session", "has no running statistics, which batch normalisation needs");
}

/** The state in a checkpoint; where it holds no moments, they are those before a first step. */
export function stateOf({ parameters, optimizer }: SessionCheckpoint, { beta1, beta2 }: AdamConfig): Tensors {
  const zeros = (): Floats =>
    Object.fromEntries(
      Object.entries(parameters).map(([name, { shape }]) => [name, filled("float32", shape, 0)]),
    );
  const { step, firstMoments, secondMoments } = optimizer ?? {
    step: 0,
    firstMoments: zeros(),
    secondMoments: zeros(),
  };
  const slot = (name: string, moments: Floats, factor: number) =>
    Object.entries(moments).map(
      ([parameter, moment]) => [slotName(name, parameter), scaled(moment, factor)] as const,
    );
  return Object.fromEntries<Tensor>([
    ...Object.entries(parameters),
    ...slot("first_moment", firstMoments, 1 / share(beta1)),
    ...slot("second_moment", secondMoments, 1 / share(beta2)),
    ["step", scalar("float32", step)],
  ]);
}

/** ONNX Runtime keeps means of the gradients, 1 − β times our sums; it has that number in float32. */
function share(beta: number): number {
  return Math.fround(1 - Math.fround(beta));
}

function scaled({ shape, data }: Tensor<"float32">, factor: number): Tensor<"float32"> {
  return tensor(
    "float32",
    shape,
    data.map((value) => value * factor),
  );
}
