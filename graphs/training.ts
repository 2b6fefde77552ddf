/** `training.onnx` takes as many training steps as it is told in one run, over a data set that is fed once. */
import { type Graph, graph } from "../src/ir/graph.ts";
import { within } from "../src/ir/origin.ts";
import { input, type Value } from "../src/ir/value.ts";
import { cast, div, gather, scan } from "../src/ops/index.ts";
import { simplify } from "../src/passes/simplify.ts";
import { Batch } from "./batch.ts";
import { feedsOf, type ModelDescription, parametersOf, summary } from "./families.ts";
import { optimizerOf } from "./optimizer.ts";
import { changed, packing } from "./packing.ts";
import { nextOf, type StepConfig, stateInputs, trainable, trainingStep } from "./step.ts";

/**
 * A `Scan` whose body is the step. It takes all images as bytes and, for each step, the positions of its batch, and
 * gathers the batch inside; so the host only shuffles positions and draws noise. Within the loop small parameters are
 * packed: on two cores that saves a twentieth of a step.
 */
export function trainingGraph(description: ModelDescription, config: StepConfig): Graph {
  const { channels, height, width } = description.image;
  const states = stateInputs(description, config);
  const images = input("images", "uint8", ["images", channels, height, width]);
  const feeds = feedsOf(description, config.batch);
  const fed = feeds.filter(({ source }) => source !== "image" && source !== "label");
  const labels = feeds.some(({ source }) => source === "label") && {
    labels: input("labels", "int32", ["images"]),
  };
  const sequences = {
    index: input("index", "int32", ["steps", config.batch]),
    ...Object.fromEntries(
      fed.map(({ name, value }) => [name, input(name, value.dtype, ["steps", ...value.shape])]),
    ),
    learning_rate: input("learning_rate", "float32", ["steps"]),
    kl_weight: input("kl_weight", "float32", ["steps"]),
  };
  const doc = `Training steps of ${summary(description)} over a resident data set; losses per image.`;
  const parameters = trainable(parametersOf(description));
  const packed = packing(parameters);
  const { slots } = optimizerOf(config.optimizer);
  const names = parameters.map(({ name }) => name);
  const first = changed(states, names, slots, packed.pack);
  const loop = scan(
    "step",
    { states: first, sequences, reads: { images, ...labels } },
    ({ states, sequences: { index, learning_rate, kl_weight, ...drawn }, reads }) => {
      const gathered = within("batch", () => ({
        image: div(cast(gather(reads.images, index), "float32"), 255),
        ...("labels" in reads && { label: gather(reads.labels as Value<"int32">, index) }),
      }));
      const batch = new Batch(description.image, config.batch, { ...gathered, ...drawn });
      const inputs = { batch, learning_rate, kl_weight };
      const { state, losses } = trainingStep(description, config, states, inputs, packed);
      return { states: state, stacks: losses };
    },
  );
  const last = nextOf(changed(loop.states, packed.names, slots, packed.unpack));
  const inputs = { ...states, images, ...labels, ...sequences };
  return simplify(graph("training", inputs, { ...last, ...loop.stacks }, { doc }));
}
