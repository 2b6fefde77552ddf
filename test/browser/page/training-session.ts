/** ONNX Runtime's TrainingSession in a page: some steps, and what came of them. */
import type { ModelDescription } from "../../../graphs/families.ts";
import type { TrainingConfig } from "../../../graphs/training-config.ts";
import { prepareTraining } from "../../../runtime/host/training.ts";
import { webHost } from "../../../runtime/host/web.ts";
import { trainingSession } from "../../../runtime/training-session/engine.ts";
import { type ImageShape, Images } from "../../../src/data/images.ts";
import type { Tensors } from "../../../src/ir/tensor.ts";
import { takeSteps } from "../../support/stepping.ts";

export interface Steps {
  readonly model: ModelDescription;
  readonly training: TrainingConfig;
  readonly image: ImageShape;
  readonly pixels: Uint8Array;
  readonly state: Tensors;
  readonly feeds: Tensors;
}

async function load() {
  // @ts-expect-error: its types are declared under the name that it is published by
  const module = await import("onnxruntime-training/training");
  return prepareTraining(module, new URL("/training/", location.href).href);
}

/** The losses of each step and the state after the last, with the steps in so many runs. */
export function take(
  { model, training, image, pixels, state, feeds }: Steps,
  runs: number,
): Promise<Tensors> {
  const images = new Images(image, pixels);
  const task = { description: model, config: training, images, state };
  return takeSteps(trainingSession(load, training.learningRate), task, { host: webHost() }, feeds, runs);
}
