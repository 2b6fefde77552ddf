/** The models of ONNX Runtime's on-device training: gradients into the session's buffers, and losses alone. */
import type { ModelDescription } from "../../graphs/families.ts";
import { parametersOf } from "../../graphs/families.ts";
import { gradientGraph, gradientName, lossGraph } from "../../graphs/gradients.ts";
import type { StepConfig } from "../../graphs/step.ts";
import { encode, modelProto } from "../../src/onnx/encode.ts";
import { encodeModel, microsoftNode, tensorInfo } from "./proto.ts";

/**
 * `training_model.onnx`. It takes what the gradients' graph takes, and gives its losses; each gradient goes into a
 * buffer that the session keeps: added to what is there or, after `lazyResetGrad`, in its place.
 */
export function trainingModel(description: ModelDescription, config: StepConfig): Uint8Array {
  const { graph, ...model } = modelProto(gradientGraph(description, config));
  const { node = [], input = [], output = [], ...rest } = graph;
  const gradients = parametersOf(description).map(({ name, shape }) => ({ name: gradientName(name), shape }));
  const isGradient = new Set<string | null | undefined>(gradients.map(({ name }) => name));
  const reset = "lazy_reset_grad";
  return encodeModel(
    {
      ...rest,
      node: [
        ...node!,
        ...gradients.map(({ name }) =>
          microsoftNode(
            "InPlaceAccumulatorV2",
            [bufferName(name), name, reset],
            [`${name}.accumulation.out`],
          ),
        ),
      ],
      input: [
        ...input!,
        ...gradients.map(({ name, shape }) => tensorInfo(bufferName(name), "float32", shape)),
        tensorInfo(reset, "bool", [1]),
      ],
      output: [
        ...output!.filter(({ name }) => !isGradient.has(name)),
        ...gradients.map(({ name }) => tensorInfo(`${name}.accumulation.out`, "bool", [1])),
      ],
    },
    model,
  );
}

function bufferName(gradient: string): string {
  return `${gradient}.accumulation.buffer`;
}

/** `eval_model.onnx`: the losses of a batch of any size. */
export function evalModel(description: ModelDescription): Uint8Array {
  return encode(lossGraph(description));
}
