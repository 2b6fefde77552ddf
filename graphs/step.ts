/** `step.onnx`: one training step, from a state and a batch to the next state and its loss. */
import { grad } from "../src/autodiff/grad.ts";
import { type Graph, graph } from "../src/ir/graph.ts";
import { within } from "../src/ir/origin.ts";
import { input } from "../src/ir/value.ts";
import type { Parameter, Scope } from "../src/nn/scope.ts";
import { add, mul, reduceMean } from "../src/ops/index.ts";
import { clipByGlobalNorm } from "../src/optim/clip.ts";
import type { Slots } from "../src/optim/optimizer.ts";
import { simplify } from "../src/passes/simplify.ts";
import { Batch } from "./batch.ts";
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
  /** What the model reads of the images. */
  readonly batch: Batch;
  readonly learning_rate: Floats;
  readonly kl_weight: Floats;
}

/** Means over the batch, per image, in what the model's losses are counted in: nats or squared error. */
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
    trainable(parameters).map(({ name, shape }) => [slotName(slot, name), shape] as const),
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

/** The losses of a batch, and the scope that the model asked for the parameters in `values`. */
export function losses(
  description: ModelDescription,
  values: State,
  { batch, kl_weight }: BatchInputs,
  isTraining: boolean,
): { readonly losses: StepLosses; readonly scope: Scope } {
  const { model, scope } = instantiate(description, values, isTraining);
  const terms = model.terms(batch);
  const losses = within("loss", () => {
    const reconstruction = reduceMean(terms.reconstruction);
    if (terms.kl === undefined) return { loss: reconstruction, reconstruction, kl: mul(reconstruction, 0) };
    const kl = reduceMean(terms.kl);
    return { loss: add(reconstruction, mul(kl, kl_weight)), reconstruction, kl };
  });
  return { losses, scope };
}

/**
 * The losses of a batch, the gradient of the loss by each trainable parameter, by name, clipped to a norm of
 * `clipNorm`, and the next values of those that are not trained but kept up.
 */
export function lossesAndGradients(
  description: ModelDescription,
  clipNorm: number | undefined,
  values: State,
  inputs: BatchInputs,
): { readonly losses: StepLosses; readonly gradients: State; readonly updates: State } {
  const { losses: found, scope } = losses(description, values, inputs, true);
  const parameters = trainable(scope.parameters);
  const gradients = grad(
    found.loss,
    parameters.map(({ value }) => value),
  ) as Floats[];
  const clipped =
    clipNorm === undefined ? gradients : within("clip", () => clipByGlobalNorm(gradients, clipNorm));
  return {
    losses: found,
    gradients: Object.fromEntries(parameters.map(({ name }, i) => [name, clipped[i]!])),
    updates: Object.fromEntries(scope.updates),
  };
}

/** One step on given values, of which the state is packed: forward, loss, gradients, update. */
export function trainingStep(
  description: ModelDescription,
  { optimizer, clipNorm }: StepConfig,
  state: State,
  { learning_rate, ...batch }: StepInputs,
  { names, pack, unpack } = packing(trainable(parametersOf(description)), 0),
): { readonly state: State; readonly losses: StepLosses } {
  const buffers = bufferNames(description);
  const kept = Object.fromEntries(buffers.map((name) => [name, state[name]!]));
  const values = { ...unpack(state), ...kept };
  const { losses, gradients, updates } = lossesAndGradients(description, clipNorm, values, batch);
  const packed = pack(gradients);

  const { slots, at } = optimizerOf(optimizer);
  const next: Record<string, Floats> = { ...kept, ...updates };
  within("optimizer", () => {
    const step = add(state.step!, 1);
    const update = at({ learningRate: learning_rate, step });
    for (const name of names) {
      within(name, () => {
        const moments = Object.fromEntries(
          slots.map((slot) => [slot, state[slotName(slot, name)]]),
        ) as Slots<string>;
        const updated = update(state[name]!, packed[name]!, moments);
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
  const state = stateInputs(description, config);
  const batch = new Batch(description.image, config.batch);
  const rates = rateInputs();
  const { state: next, losses } = trainingStep(description, config, state, { batch, ...rates });
  const doc = `One training step of ${summary(description)}: a state and a batch to the next state and its losses per image.`;
  const inputs = { ...state, ...batch.inputs, ...rates };
  return simplify(graph("step", inputs, { ...nextOf(next), ...losses }, { doc }));
}

/** The inputs that schedules are fed by: `learning_rate` and `kl_weight` `[]`. */
export function rateInputs() {
  return {
    learning_rate: input("learning_rate", "float32", []),
    kl_weight: input("kl_weight", "float32", []),
  };
}

/** A state under the names of a training graph's outputs. */
export function nextOf(state: State): State {
  return Object.fromEntries(Object.entries(state).map(([name, value]) => [`${name}.next`, value]));
}

/** The parameters that gradients train; the others are buffers. */
export function trainable(parameters: readonly Parameter[]): readonly Parameter[] {
  return parameters.filter(({ isTrainable }) => isTrainable);
}

function bufferNames(description: ModelDescription): string[] {
  return parametersOf(description).flatMap(({ name, isTrainable }) => (isTrainable ? [] : [name]));
}
