/** The files that ONNX Runtime's on-device training is opened with. */
import type { ModelDescription } from "../../graphs/families.ts";
import type { TrainingConfig } from "../../graphs/training-config.ts";
import type { Tensors } from "../../src/ir/tensor.ts";
import { writeCheckpoint } from "./checkpoint.ts";
import { evalModel, trainingModel } from "./models.ts";
import { optimizerModel, requireAdam } from "./optimizer.ts";
import { checkpointOf } from "./state.ts";

/**
 * The four files by name, for a training that goes on from a state. Throws where its optimizer is none that ONNX
 * Runtime's training has.
 */
export function trainingFiles(
  { model, training }: { readonly model: ModelDescription; readonly training: TrainingConfig },
  state: Tensors,
): Readonly<Record<string, Uint8Array>> {
  const optimizer = requireAdam(training.optimizer);
  const checkpoint = writeCheckpoint(checkpointOf(model, optimizer, state, training.learningRate));
  return {
    "training_model.onnx": trainingModel(model, training),
    "eval_model.onnx": evalModel(model),
    "optimizer_model.onnx": optimizerModel(optimizer),
    checkpoint,
  };
}
