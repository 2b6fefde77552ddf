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
 * What every element of the parameters is set to before an optimizer step that is to add the first or the second
 * moments to them, instead of training: too little to change a moment, and nothing that a training leaves there.
 */
export const marks = { first: 2 ** -126, second: 2 ** -125 } as const;

/**
 * The same update at a learning rate of its own, and moments on demand: the web package can neither set the session's
 * rate (it stays 0.001, whatever the checkpoint says) nor read the moments or save them. It does read and write
 * parameters, so those carry the demand in and the moments out.
 */
export function readableOptimizerModel(optimizer: AdamConfig, learningRate: number): Uint8Array {
  return encodeModel({
    name: "optimizer",
    initializer: [
      initializer("rate", scalar("float32", learningRate)),
      initializer("minus_one", scalar("float32", -1)),
      initializer("zero", scalar("int64", 0)),
      initializer("flat", tensor("int64", [1], BigInt64Array.of(-1n))),
      initializer("mark/first", scalar("float32", marks.first)),
      initializer("mark/second", scalar("float32", marks.second)),
    ],
    node: [
      node("SequenceAt", ["params", "zero"], ["some"]),
      node("Reshape", ["some", "flat"], ["elements"]),
      node("Gather", ["elements", "zero"], ["element"]),
      node("Equal", ["element", "mark/first"], ["is_first"]),
      node("Equal", ["element", "mark/second"], ["is_second"]),
      node("Or", ["is_first", "is_second"], ["is_reading"]),
      node("Not", ["is_reading"], ["is_training"]),
      adamw(optimizer, "rate", ["is_training"]),
      added("first"),
      added("second"),
    ],
    input: inputs,
    // ONNX Runtime looks at the first output alone; the others keep their nodes in the graph.
    output: [updated, tensorInfo("added_first", "bool"), tensorInfo("added_second", "bool")],
  });
}

/** Adds moments to the parameters where they are asked for: no operator but gradient descent writes there. */
function added(moment: keyof typeof marks): NodeProto {
  const flag = `${moment}/added`;
  const add: GraphProto = {
    name: flag,
    node: [microsoftNode("SGDOptimizerV2", ["minus_one", "params", `${moment}_order_moments`], [flag])],
    output: [tensorInfo(flag, "bool")],
  };
  const leave: GraphProto = {
    name: `${moment}/left`,
    node: [node("Identity", [`is_${moment}`], [`${moment}/left`])],
    output: [tensorInfo(`${moment}/left`, "bool")],
  };
  return node(
    "If",
    [`is_${moment}`],
    [`added_${moment}`],
    [subgraph("then_branch", add), subgraph("else_branch", leave)],
  );
}
