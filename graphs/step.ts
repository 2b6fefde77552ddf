/** `step.onnx`: one training step, from a state and a batch to the next state and its loss. */
import { grad } from "../src/autodiff/grad.ts";
import { type Graph, graph } from "../src/ir/graph.ts";
import { within } from "../src/ir/origin.ts";
import { input } from "../src/ir/value.ts";
import type { Parameter } from "../src/nn/scope.ts";
import { add, mul, reduceMean } from "../src/ops/index.ts";
import { clipByGlobalNorm } from "../src/optim/clip.ts";
import type { Slots } from "../src/optim/optimizer.ts";
import { simplify } from "../src/passes/simplify.ts";
import { instantiate, type ModelDescription, parametersOf, summary } from "./families.ts";
import type { Floats } from "./model.ts";
import { optimizerOf } from "./optimizer.ts";
import { packing } from "./packing.ts";
import { slotName } from "./state.ts";
import type { TrainingConfig } from "./training-config.ts";

/** What a training graph depends on besides the model. */
export type StepConfig = Pick<TrainingConfig, "batch" | "optimizer" | "clipNorm">;

/** What one step reads besides the state. */
export interface StepInputs {
  /** `[batch, channels, height, width]` in [0, 1] */
  readonly image: Floats;
  /** Standard normal `[batch, latent]` */
  readonly noise: Floats;
  readonly learning_rate: Floats;
  readonly kl_weight: Floats;
}

/** Means over the batch, in nats per image. */
export type StepLosses = {
  readonly loss: Floats;
  readonly reconstruction: Floats;
  readonly kl: Floats;
};

/** Parameters, the optimizer's slots and the step count, by name. */
export type State = Readonly<Record<string, Floats>>;

/** The inputs of a training graph that hold its state, by name. */
export function stateInputs(description: ModelDescription, { optimizer }: StepConfig): State {
  const parameters = parametersOf(description);
  const slots = optimizerOf(optimizer).slots.flatMap((slot) =>
    parameters.map(({ name, shape }) => [slotName(slot, name), shape] as const),
  );
  const shapes = [
    ...parameters.map(({ name, shape }) => [name, shape] as const),
    ...slots,
    ["step", []] as const,
  ];
  return Object.fromEntries(shapes.map(([name, shape]) => [name, input(name, "float32", shape)]));
}

/** What the losses of a batch depend on besides the parameters. */
type BatchInputs = Omit<StepInputs, "learning_rate">;

/** The losses of a batch, and the parameters that they ask `values` for. */
export function losses(
  description: ModelDescription,
  values: State,
  { image, noise, kl_weight }: BatchInputs,
): { readonly losses: StepLosses; readonly parameters: readonly Parameter[] } {
  const { model, scope } = instantiate(description, values);
  const terms = model.terms(image, noise);
  const losses = within("loss", () => {
    const reconstruction = reduceMean(terms.reconstruction);
    const kl = reduceMean(terms.kl);
    return { loss: add(reconstruction, mul(kl, kl_weight)), reconstruction, kl };
  });
  return { losses, parameters: scope.parameters };
}

/** The losses of a batch, and the gradient of the loss by each parameter, by name; clipped to a norm of `clipNorm`. */
export function lossesAndGradients(
  description: ModelDescription,
  clipNorm: number | undefined,
  values: State,
  inputs: BatchInputs,
): { readonly losses: StepLosses; readonly gradients: State } {
  const { losses: found, parameters } = losses(description, values, inputs);
  const gradients = grad(
    found.loss,
    parameters.map(({ value }) => value),
  ) as Floats[];
  const clipped =
    clipNorm === undefined ? gradients : within("clip", () => clipByGlobalNorm(gradients, clipNorm));
  return {
    losses: found,
    gradients: Object.fromEntries(parameters.map(({ name }, i) => [name, clipped[i]!])),
  };
}

/** One step on given values, of which the state is packed: forward, loss, gradients, update. */
export function trainingStep(
  description: ModelDescription,
  { optimizer, clipNorm }: StepConfig,
  state: State,
  { learning_rate, ...batch }: StepInputs,
  { names, pack, unpack } = packing(parametersOf(description), 0),
): { readonly state: State; readonly losses: StepLosses } {
  const { losses, gradients } = lossesAndGradients(description, clipNorm, unpack(state), batch);
  const packed = pack(gradients);

  const { slots, at } = optimizerOf(optimizer);
  const next: Record<string, Floats> = {};
  within("optimizer", () => {
    const step = add(state.step!, 1);
    const update = at({ learningRate: learning_rate, step });
    for (const name of names) {
      within(name, () => {
        const kept = Object.fromEntries(
          slots.map((slot) => [slot, state[slotName(slot, name)]]),
        ) as Slots<string>;
        const updated = update(state[name]!, packed[name]!, kept);
        next[name] = updated.parameter;
        for (const slot of slots) next[slotName(slot, name)] = updated.slots[slot]!;
      });
    }
    next.step = step;
  });
  const ordered = Object.fromEntries(Object.keys(state).map((name) => [name, next[name]!]));
  return { state: ordered, losses };
}

/** The graph of one step: state in, state out under `<name>.next`, and the losses. */
export function stepGraph(description: ModelDescription, config: StepConfig): Graph {
  const { channels, height, width } = description.image;
  const state = stateInputs(description, config);
  const inputs = {
    image: input("image", "float32", [config.batch, channels, height, width]),
    noise: input("noise", "float32", [config.batch, description.latent]),
    learning_rate: input("learning_rate", "float32", []),
    kl_weight: input("kl_weight", "float32", []),
  };
  const { state: next, losses } = trainingStep(description, config, state, inputs);
  const renamed = Object.fromEntries(Object.entries(next).map(([name, value]) => [`${name}.next`, value]));
  const doc = `One training step of ${summary(description)}: a state and a batch to the next state and its loss in nats per image.`;
  return simplify(graph("step", { ...state, ...inputs }, { ...renamed, ...losses }, { doc }));
}
