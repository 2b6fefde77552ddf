/** The loop, one step after the other. */
import type { Kernels } from "./kernel.ts";
import { type HostTensor, range } from "./tensor.ts";

/** Slice `i` along the first axis. */
function slice({ dtype, shape, data }: HostTensor, i: number): HostTensor {
  const size = data.length / shape[0]!;
  return { dtype, shape: shape.slice(1), data: data.slice(i * size, (i + 1) * size) };
}

/** Tensors of one shape along a new first axis. */
function stack(tensors: readonly HostTensor[]): HostTensor {
  const { dtype, shape } = tensors[0]!;
  return { dtype, shape: [tensors.length, ...shape], data: tensors.flatMap(({ data }) => data) };
}

export const loop: Kernels<"Scan"> = {
  Scan: (inputs, { body, states, sequences }, run) => {
    const walked = inputs.slice(states, states + sequences);
    const read = inputs.slice(states + sequences);
    let state = inputs.slice(0, states);
    const steps = range(walked[0]!.shape[0]!).map((i) => {
      const results = run(body, [...state, ...walked.map((x) => slice(x, i)), ...read]);
      state = results.slice(0, states);
      return results.slice(states);
    });
    return [...state, ...steps[0]!.map((_, i) => stack(steps.map((results) => results[i]!)))];
  },
};
