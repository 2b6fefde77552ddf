/** Steps taken on an engine; for Node and for a page. */
import type { EngineOptions, OpenEngine, StepFeeds, StepLosses, Task } from "../../runtime/engine/engine.ts";
import { type Tensor, type Tensors, tensor } from "../../src/ir/tensor.ts";

export const lossNames = ["loss", "reconstruction", "kl"] as const;

/** A contiguous part along the first axis; without that axis where `end` is left out. */
export function part(given: Tensor, start: number, end?: number): Tensor {
  const [count = 1, ...rest] = given.shape;
  const size = given.data.length / count;
  const data = given.data.slice(start * size, (end ?? start + 1) * size);
  return { ...given, shape: end === undefined ? rest : [end - start, ...rest], data } as Tensor;
}

/** That part of each. */
export function parts(given: Tensors, start: number, end?: number): Tensors {
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, part(value, start, end)]));
}

/** The losses of all steps that `feeds` are for, taken in so many runs of equally many, and the state after them. */
export async function takeSteps(
  open: OpenEngine,
  task: Task,
  options: EngineOptions,
  feeds: Tensors,
  runs: number,
): Promise<Tensors> {
  const engine = await open(task, options);
  const [steps = 0] = feeds.index!.shape;
  const losses: StepLosses[] = [];
  for (let run = 0; run < runs; run++) {
    const [start, end] = [(run * steps) / runs, ((run + 1) * steps) / runs];
    losses.push(await engine.run(parts(feeds, start, end) as StepFeeds));
  }
  const state = await engine.state();
  await engine.release();
  const column = (name: keyof StepLosses) => Float32Array.from(losses.flatMap((run) => [...run[name]]));
  return {
    ...state,
    ...Object.fromEntries(lossNames.map((name) => [name, tensor("float32", [steps], column(name))])),
  };
}
