/** A model's statistics in the shape of Triton's extension. */
import type { ServedModel } from "../model.ts";
import type { Sum } from "../statistics.ts";

const nothing: Sum = { count: 0, ns: 0 };

/** One entry of `model_stats`. */
export function statisticsOf({ name, version, statistics }: ServedModel) {
  const { success, failure, queue, compute, batches, inferences, executions, lastInference } = statistics;
  return {
    name,
    version,
    last_inference: lastInference,
    inference_count: inferences,
    execution_count: executions,
    inference_stats: {
      success,
      fail: failure,
      queue,
      compute_input: nothing,
      compute_infer: compute,
      compute_output: nothing,
      cache_hit: nothing,
      cache_miss: nothing,
    },
    batch_stats: [...batches]
      .sort(([a], [b]) => a - b)
      .map(([size, sum]) => ({
        batch_size: size,
        compute_input: nothing,
        compute_infer: sum,
        compute_output: nothing,
      })),
  };
}
