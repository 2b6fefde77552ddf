/** The optimizer's model of ONNX Runtime's on-device training, and one whose moments can be read. */
import type { OptimizerConfig } from "../../graphs/optimizer.ts";
import { fail } from "../../src/ir/error.ts";
import { scalar, tensor } from "../../src/ir/tensor.ts";
import type { GraphProto, NodeProto } from "../../src/onnx/proto.ts";
import {
  encodeModel,
  float,
  initializer,
  int,
  microsoftNode,
  node,
  sequenceInfo,
  subgraph,
  tensorInfo,
} from "./proto.ts";

/** The optimizers that a TrainingSession can be. */
export type AdamConfig = Exclude<OptimizerConfig, { readonly kind: "sgd" }>;

/** Throws where a training is by an optimizer that a TrainingSession can't be. */
export function requireAdam(optimizer: OptimizerConfig): AdamConfig {
  if (optimizer.kind === "sgd")
    fail("training-session", "ONNX Runtime's TrainingSession trains with adam or adamw, not with sgd");
  return optimizer;
}

/** The names and the order are ONNX Runtime's; the sequences have an element for each parameter. */
const sequences = ["params", "gradients", "first_order_moments", "second_order_moments"] as const;
const inputs = [
  tensorInfo("learning_rate", "float32", [1]),
  tensorInfo("step", "int64", [1]),
  ...sequences.map(sequenceInfo),
];
const updated = tensorInfo("updated_flag", "bool", [1]);

/** AdamW as PyTorch computes it (mode 0), written over the parameters and moments; Adam is that without decay. */
function adamw(optimizer: AdamConfig, learningRate: string, more: readonly string[] = []): NodeProto {
  return microsoftNode(
    "AdamWOptimizer",
    [learningRate, "step", ...sequences, ...more],
    ["updated_flag"],
    [
      float("alpha", optimizer.beta1),
      float("beta", optimizer.beta2),
      float("epsilon", optimizer.epsilon),
      float("weight_decay", optimizer.kind === "adamw" ? optimizer.weightDecay : 0),
      int("adam_mode", 0),
      int("correct_bias", 1),
    ],
  );
}

/** `optimizer_model.onnx`: one update of all parameters, at the session's learning rate. */
export function optimizerModel(optimizer: AdamConfig): Uint8Array {
  const nodes = [adamw(optimizer, "learning_rate")];
  return encodeModel({ name: "optimizer", node: nodes, input: inputs, output: [updated] });
}

/**
 * What every element of the parameters is set to before an optimizer step that is to write the first or the second
 * moments over them, instead of training. They are so small that nothing is lost by starting from them.
 */
export const marks = { first: 2 ** -126, second: 2 ** -125 } as const;

/**
 * The same update at a learning rate of its own, for `count` parameters, and moments on demand: the web package can
 * neither set the session's rate (it stays 0.001, whatever the checkpoint says) nor read the moments or save them. It
 * does read and write parameters, so those carry the demand in and the moments out.
 */
export function readableOptimizerModel(
  optimizer: AdamConfig,
  learningRate: number,
  count: number,
): Uint8Array {
  const positions = Array.from({ length: count }, (_, i) => `position/${i}`);
  return encodeModel({
    name: "optimizer",
    initializer: [
      initializer("rate", tensor("float32", [1], Float32Array.of(learningRate))),
      initializer("one", scalar("float32", 1)),
      initializer("flat", tensor("int64", [1], BigInt64Array.of(-1n))),
      initializer("mark/first", scalar("float32", marks.first)),
      initializer("mark/second", scalar("float32", marks.second)),
      ...positions.map((name, i) => initializer(name, scalar("int64", i))),
    ],
    node: [
      node("SequenceAt", ["params", positions[0]!], ["some"]),
      node("Reshape", ["some", "flat"], ["elements"]),
      node("Gather", ["elements", positions[0]!], ["element"]),
      node("Equal", ["element", "mark/first"], ["is_first"]),
      node("Equal", ["element", "mark/second"], ["is_second"]),
      node("Or", ["is_first", "is_second"], ["is_reading"]),
      node("Not", ["is_reading"], ["is_training"]),
      adamw(optimizer, "rate", ["is_training"]),
      ...(["first", "second"] as const).map((moment) =>
        node(
          "If",
          [`is_${moment}`],
          [`read_${moment}`],
          [
            subgraph("then_branch", written(`${moment}_order_moments`, positions)),
            subgraph("else_branch", untouched),
          ],
        ),
      ),
    ],
    input: inputs,
    // ONNX Runtime looks at the first output alone; the others keep their nodes in the graph.
    output: [updated, tensorInfo("read_first", "bool"), tensorInfo("read_second", "bool")],
  });
}

/** Writes a sequence over the parameters: the one operator that writes there and is no Adam subtracts, so p − (p − m). */
function written(moments: string, positions: readonly string[]): GraphProto {
  const differences = positions.map((position) => `${moments}/${position}/difference`);
  const flag = `${moments}/written`;
  return {
    name: flag,
    node: [
      ...positions.flatMap((position, i) => [
        node("SequenceAt", ["params", position], [`${moments}/${position}/parameter`]),
        node("SequenceAt", [moments, position], [`${moments}/${position}/moment`]),
        node("Sub", [`${moments}/${position}/parameter`, `${moments}/${position}/moment`], [differences[i]!]),
      ]),
      node("SequenceConstruct", differences, [`${moments}/differences`]),
      microsoftNode("SGDOptimizerV2", ["one", "params", `${moments}/differences`], [flag]),
    ],
    output: [tensorInfo(flag, "bool")],
  };
}

const untouched: GraphProto = {
  name: "untouched",
  initializer: [initializer("no", scalar("bool", 0))],
  node: [node("Identity", ["no"], ["untouched"])],
  output: [tensorInfo("untouched", "bool")],
};
