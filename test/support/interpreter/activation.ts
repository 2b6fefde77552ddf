/** Activations: a scalar function of every element, or a softmax along one axis. */
import type { Kernels } from "./kernel.ts";
import { axisFrom, generate, type HostTensor, line } from "./tensor.ts";

const map = (x: HostTensor, f: (x: number) => number): HostTensor[] => [{ ...x, data: x.data.map(f) }];

/** log Σ e^x, with the largest taken out so that nothing overflows. */
function logSumExp(values: readonly number[]): number {
  const largest = Math.max(...values);
  return largest + Math.log(values.reduce((sum, x) => sum + Math.exp(x - largest), 0));
}

function logSoftmax(x: HostTensor, axis: number): HostTensor {
  const along = axisFrom(axis, x.shape.length);
  return generate(x.dtype, x.shape, (index) => {
    const values = line(x, along, index);
    return values[index[along]!]! - logSumExp(values);
  });
}

type Activation = "Relu" | "LeakyRelu" | "Elu" | "Sigmoid" | "Tanh" | "Softplus" | "Softmax" | "LogSoftmax";

export const activation: Kernels<Activation> = {
  Relu: ([x]) => map(x, (v) => Math.max(v, 0)),
  LeakyRelu: ([x], { alpha }) => map(x, (v) => (v < 0 ? alpha * v : v)),
  Elu: ([x], { alpha }) => map(x, (v) => (v < 0 ? alpha * Math.expm1(v) : v)),
  Sigmoid: ([x]) => map(x, (v) => 1 / (1 + Math.exp(-v))),
  Tanh: ([x]) => map(x, Math.tanh),
  Softplus: ([x]) => map(x, (v) => Math.max(v, 0) + Math.log1p(Math.exp(-Math.abs(v)))),
  Softmax: ([x], { axis }) => map(logSoftmax(x, axis), Math.exp),
  LogSoftmax: ([x], { axis }) => [logSoftmax(x, axis)],
};
