/** ONNX Runtime in Node: the only file that names `onnxruntime-node`. */
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { type ArrayOf, type DType, isDType } from "../../src/ir/dtype.ts";
import { fail } from "../../src/ir/error.ts";
import type { Tensor, Tensors } from "../../src/ir/tensor.ts";
import type { Host, Port } from "./host.ts";

export const nodeHost: Host = {
  open: async (model, { provider = "cpu", threads }) => {
    const session = await InferenceSession.create(model, {
      executionProviders: [provider],
      // Errors are thrown; printed by ONNX Runtime as well they would be there twice.
      logSeverityLevel: 4,
      // Moments of weights that no image touches decay into denormals, on which a CPU is ten times slower: 74,000 of
      // 313,600 in the first layer after five epochs of MNIST, and every step took twice as long.
      extra: { session: { set_denormal_as_zero: "1" } },
      ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
    });
    return {
      inputs: session.inputMetadata.map(port),
      outputs: session.outputMetadata.map(port),
      run: async (feeds) => {
        const results = await session.run(mapped(feeds, toOrt));
        return mapped(results, fromOrt);
      },
      release: () => session.release(),
    };
  },
};

function mapped<A, B>(values: Readonly<Record<string, A>>, map: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, map(value)]));
}

/** Wraps the same memory: nothing is copied on the way in or out. */
function toOrt({ dtype, shape, data }: Tensor): OrtTensor {
  return new OrtTensor(dtype as "float32", data as Float32Array, shape);
}

function fromOrt({ type, dims, data }: OrtTensor): Tensors[string] {
  return { dtype: known(type), shape: dims, data: data as ArrayOf[DType] };
}

function port(info: InferenceSession.ValueMetadata): Port {
  if (!info.isTensor) return fail(info.name, "is not a tensor");
  return { name: info.name, dtype: known(info.type), shape: info.shape };
}

function known(dtype: string): DType {
  return isDType(dtype) ? dtype : fail("ONNX Runtime", `a tensor of ${dtype} is not supported`);
}
