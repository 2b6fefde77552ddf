/** Training by ONNX Runtime's own TrainingSession: it keeps parameters, gradients and moments, and updates in place. */
import { feedsOf, parametersOf } from "../../graphs/families.ts";
import { fail, IsthmusError } from "../../src/ir/error.ts";
import { sizeOf, type Tensor, type Tensors, tensor } from "../../src/ir/tensor.ts";
import type { Engine, OpenEngine } from "../engine/engine.ts";
import { lossesOf } from "../engine/results.ts";
import { element } from "../engine/steps.ts";
import type { TrainingRuntime } from "../host/training.ts";
import { writeCheckpoint } from "./checkpoint.ts";
import { trainingModel } from "./models.ts";
import { marks, readableOptimizerModel, requireAdam } from "./optimizer.ts";
import { checkpointOf, stateOf } from "./state.ts";

/**
 * An engine over `onnxruntime-web@1.19.2/training`, which `load` imports. `learningRate` is the highest of the
 * training: a step at a lower one costs two copies of the parameters.
 */
export function trainingSession(load: () => Promise<TrainingRuntime>, learningRate: number): OpenEngine {
  return async ({ description, config, images, state: first }) => {
    const optimizer = requireAdam(config.optimizer);
    // As a tensor has it, in which the rates of the steps come.
    const highest = Math.fround(learningRate);
    const parameters = parametersOf(description);
    const isLabelled = feedsOf(description, config.batch).some(({ source }) => source === "label");
    const runtime = await load();
    const session = await told(() =>
      runtime.TrainingSession.create(
        {
          checkpointState: writeCheckpoint(checkpointOf(description, optimizer, first, learningRate)),
          trainModel: trainingModel(description, config),
          optimizerModel: readableOptimizerModel(optimizer, learningRate),
        },
        { logSeverityLevel: 4 },
      ),
    );
    let step = (first.step as Tensor<"float32">).data[0]!;

    const read = async () => (await session.getContiguousParameters(true)).data as Float32Array;
    const write = (values: Float32Array) =>
      session.loadParametersBuffer(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), true);
    const named = (values: Float32Array): Readonly<Record<string, Tensor<"float32">>> => {
      let at = 0;
      return Object.fromEntries(
        parameters.map(({ name, shape }) => {
          const start = at;
          at += sizeOf(shape);
          return [name, tensor("float32", shape, values.subarray(start, at))];
        }),
      );
    };
    let placed = named(await told(read));

    const update = async (rate: number) => {
      if (rate === highest) return session.runOptimizerStep();
      // AdamW moves parameters in proportion to its learning rate, so another rate is another part of the way.
      const before = await read();
      await session.runOptimizerStep();
      const after = await read();
      const part = rate / highest;
      return write(after.map((value, i) => before[i]! + part * (value - before[i]!)));
    };
    const moment = async (mark: number, length: number) => {
      await write(new Float32Array(length).fill(mark));
      await session.runOptimizerStep();
      return named((await read()).map((value) => value - mark));
    };
    const engine: Engine = {
      run: (feeds) =>
        told(async () => {
          const results: Tensors[] = [];
          const { index, learning_rate, ...others } = feeds;
          for (let i = 0; i < index.shape[0]!; i++) {
            const batch = images.pick(element(index, i).data);
            const fed = {
              image: batch.toTensor(),
              ...(isLabelled && { label: batch.labelTensor() }),
              ...mapped(others, (all) => element(all, i)),
            };
            const losses = await session.runTrainStep(mapped(fed, toOrt));
            results.push(mapped(losses, ({ data }) => tensor("float32", [], data as Float32Array)));
            await update(learning_rate.data[i]!);
            await session.lazyResetGrad();
            step++;
          }
          placed = named(await read());
          return lossesOf(results);
        }),
      placed: () => placed,
      state: () =>
        told(async () => {
          const values = await read();
          const firstMoments = await moment(marks.first, values.length);
          const secondMoments = await moment(marks.second, values.length);
          await write(values);
          const kept = { step, learningRate, firstMoments, secondMoments };
          return stateOf({ parameters: named(values), optimizer: kept }, optimizer);
        }),
      release: () => session.release(),
    };
    const toOrt = ({ dtype, data, shape }: Tensor<"float32"> | Tensor<"int32">) =>
      new runtime.Tensor(dtype, data, shape);
    return engine;
  };
}

function mapped<A, B>(values: Readonly<Record<string, A>>, map: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, map(value)]));
}

/** What ONNX Runtime says, as one line. */
async function told<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof IsthmusError) throw error;
    // Some of its C++ exceptions get here as bare addresses.
    const message = error instanceof Error ? error.message.split("\n")[0] : "it failed, and does not say why";
    return fail("training-session", `ONNX Runtime: ${message}`);
  }
}
