/** A run from a checkpoint that ONNX Runtime's on-device training saved. */
import { parametersOf } from "../../graphs/families.ts";
import { stateInputs } from "../../graphs/step.ts";
import { fail } from "../../src/ir/error.ts";
import type { Tensor } from "../../src/ir/tensor.ts";
import { exportModel, modelNames } from "../export.ts";
import { requireState } from "../fit.ts";
import { LARGEST_FILE, readBytes } from "../host/file.ts";
import { nodeFiles } from "../host/node-files.ts";
import type { Run } from "../run.ts";
import { RunDirectory } from "../run-directory.ts";
import { beginning } from "../trainer.ts";
import { readCheckpoint } from "./checkpoint.ts";
import { requireAdam } from "./optimizer.ts";
import { stateOf } from "./state.ts";

/** What an import found. */
export interface ImportedCheckpoint {
  readonly steps: number;
  /** Whether the optimizer's moments were there as well; those before a first step take their place. */
  readonly hasMoments: boolean;
}

/**
 * A new run in `out`, with the settings of `run` and the parameters, moments and step count of a checkpoint that ONNX
 * Runtime saved. Throws one line where that is damaged or of another model; then nothing is written.
 */
export async function importCheckpoint(run: Run, path: string, out: string): Promise<ImportedCheckpoint> {
  const { result: _, ...config } = run.config;
  const { model, training } = config;
  const optimizer = requireAdam(training.optimizer);
  const checkpoint = readCheckpoint(await readBytes(path, LARGEST_FILE), path);
  const found = stateOf(checkpoint, optimizer);
  requireState(model, training, found, path);
  const names = Object.keys(stateInputs(model, training));
  const state = Object.fromEntries(names.map((name) => [name, found[name] as Tensor<"float32">]));
  for (const [name, { data }] of Object.entries(state))
    if (!data.every(Number.isFinite)) fail(path, `${name} has a value that is not finite`);

  const steps = checkpoint.optimizer?.step ?? 0;
  const stepsPerEpoch = Math.floor(config.data.splits.train.count / training.batch);
  const epoch = Math.floor(steps / Math.max(1, stepsPerEpoch));
  const first = { state, position: { ...beginning, epoch } };
  const directory = await RunDirectory.create(out, config, first, nodeFiles);
  const parameters = Object.fromEntries(parametersOf(model).map(({ name }) => [name, state[name]!]));
  await directory.writeBest(parameters, epoch);
  const trained = { model, training, classes: config.data.classes, medium: config.data.medium, parameters };
  for (const name of modelNames) await directory.write(`${name}.onnx`, exportModel(name, trained));
  return { steps, hasMoments: checkpoint.optimizer !== undefined };
}
