/** The models in `fixtures/exported`, which PyTorch's exporter wrote (`python/export.py`), as they are imported. */
import { readFileSync } from "node:fs";
import { type ImportOptions, importModel } from "../../graphs/import/import.ts";
import type { Tensors } from "../../src/ir/tensor.ts";
import { onnx } from "../../src/onnx/proto.ts";
import { decodeTensor } from "../../src/onnx/tensor.ts";

export function fixture(name: string): string {
  return new URL(`../fixtures/exported/${name}.onnx`, import.meta.url).pathname;
}

export const image = { channels: 1, height: 28, width: 28 };

/** Each model's files, and what has to be said of them. */
export const exported = {
  dense: { files: ["dense-encoder", "dense-decoder"], options: { loss: "mse" } },
  convolutional: { files: ["convolutional"], options: { loss: "bernoulli", code: "/code/Gemm_output_0" } },
  variational: { files: ["variational-encoder", "variational-decoder"], options: {} },
} as const satisfies Readonly<
  Record<string, { readonly files: readonly [string, string?]; readonly options: Partial<ImportOptions> }>
>;
export type ExportedName = keyof typeof exported;

export function imported(name: ExportedName) {
  const [model, decoder] = exported[name].files.map((file) => readFileSync(fixture(file)));
  return importModel(model!, decoder, { image, ...exported[name].options });
}

/** The running statistics in the files, under PyTorch's names. */
export function buffersOf(name: ExportedName): Tensors {
  const tensors = exported[name].files.flatMap((file) => {
    const { graph } = onnx.ModelProto.decode(readFileSync(fixture(file)));
    return (graph?.initializer ?? []).map((proto) => [proto.name ?? "", decodeTensor(proto)] as const);
  });
  return Object.fromEntries(tensors.filter(([key]) => key.includes("running_")));
}
