/** `training.onnx` takes as many training steps as it is told in one run, over a data set that is fed once. */
import { type Graph, graph } from "../src/ir/graph.ts";
import { within } from "../src/ir/origin.ts";
import { input } from "../src/ir/value.ts";
import { cast, div, gather, scan } from "../src/ops/index.ts";
import { simplify } from "../src/passes/simplify.ts";
import { type ModelDescription, parametersOf, summary } from "./families.ts";
import { optimizerOf } from "./optimizer.ts";
import { changed, packing } from "./packing.ts";
import { type StepConfig, stateInputs, trainingStep } from "./step.ts";

/**
 * A `Scan` whose body is the step. It takes all images as bytes and, for each step, the positions of its batch, and
 * gathers the batch inside; so the host only shuffles positions and draws noise. Within the loop small parameters are
 * packed: on two cores that saves a twentieth of a step.
 */
export function trainingGraph(description: ModelDescription, config: StepConfig): Graph {
  const { channels, height, width } = description.image;
  const states = stateInputs(description, config);
  const images = input("images", "uint8", ["images", channels, height, width]);
  const sequences = {
    index: input("index", "int32", ["steps", config.batch]),
    noise: input("noise", "float32", ["steps", config.batch, description.latent]),
    learning_rate: input("learning_rate", "float32", ["steps"]),
    kl_weight: input("kl_weight", "float32", ["steps"]),
  };
  const doc = `Training steps of ${summary(description)} over a resident data set; losses in nats per image.`;
  const parameters = parametersOf(description);
  const packed = packing(parameters);
  const { slots } = optimizerOf(config.optimizer);
  const names = parameters.map(({ name }) => name);
  const first = changed(states, names, slots, packed.pack);
  const loop = scan(
    "step",
    { states: first, sequences, reads: { images } },
    ({ states, sequences, reads }) => {
      const { index, ...given } = sequences;
      const image = within("batch", () => div(cast(gather(reads.images, index), "float32"), 255));
      const { state, losses } = trainingStep(description, config, states, { image, ...given }, packed);
      return { states: state, stacks: losses };
    },
  );
  const last = changed(loop.states, packed.names, slots, packed.unpack);
  const renamed = Object.fromEntries(Object.keys(states).map((name) => [`${name}.next`, last[name]!]));
  return simplify(
    graph("training", { ...states, images, ...sequences }, { ...renamed, ...loop.stacks }, { doc }),
  );
}
