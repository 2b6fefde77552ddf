/** ONNX Runtime's TrainingSession as an engine in Node. */
import type { TrainingConfig } from "../../graphs/training-config.ts";
import type { OpenEngine } from "../engine/engine.ts";
import { loadTraining } from "../host/node-training.ts";
import { trainingSession } from "./engine.ts";
import { requireAdam } from "./optimizer.ts";

/** The engine for a training. Throws one line where its package is not installed or its optimizer is another. */
export async function openSessionEngine({ optimizer, learningRate }: TrainingConfig): Promise<OpenEngine> {
  requireAdam(optimizer);
  const runtime = await loadTraining();
  return trainingSession(async () => runtime, learningRate);
}
