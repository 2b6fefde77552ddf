/** Stock ONNX Runtime on a file, with nothing of Isthmus around it. */
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import type { DType } from "../../src/ir/dtype.ts";
import type { Tensor, Tensors } from "../../src/ir/tensor.ts";

/** The outputs of a file, or of the one at a path; `feed` gives what an input is fed, by its name and shape. */
export async function infer(
  file: Uint8Array | string,
  feed: (name: string, shape: readonly (number | string)[]) => Tensor,
  graphOptimizationLevel: "disabled" | "all" = "all",
): Promise<Tensors> {
  const options = { graphOptimizationLevel, logSeverityLevel: 3 } as const;
  // Its types have no path or bytes in one.
  const session = await InferenceSession.create(file as string, options);
  const fed = session.inputMetadata.map((info) => {
    const { dtype, shape, data } = feed(info.name, info.isTensor ? info.shape : []);
    return [info.name, new OrtTensor(dtype, data as Float32Array, shape)] as const;
  });
  const results = await session.run(Object.fromEntries(fed));
  await session.release();
  return Object.fromEntries(
    Object.entries(results).map(([name, { type, dims, data }]) => [
      name,
      { dtype: type as DType, shape: dims, data } as Tensor,
    ]),
  );
}
