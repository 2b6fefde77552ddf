/** The tensors of an ONNX file by name: what goes in, what comes out, and where it is narrow enough to be cut in two. */
import type { Shape } from "../ir/shape.ts";
import { shapeOfInput } from "./decode.ts";
import { type GraphProto, onnx } from "./proto.ts";

export interface TensorNames {
  /** What has to be fed, with the shape that the file declares. */
  readonly inputs: Readonly<Record<string, Shape>>;
  readonly outputs: readonly string[];
  /** Every tensor that a node makes. */
  readonly made: readonly string[];
}

/** The names in a file that `decode` can read. */
export function tensorNames(bytes: Uint8Array): TensorNames {
  const graph = onnx.ModelProto.decode(bytes).graph!;
  const initialized = new Set((graph.initializer ?? []).map(({ name }) => name ?? ""));
  const fed = (graph.input ?? []).filter(({ name }) => !initialized.has(name ?? ""));
  return {
    inputs: Object.fromEntries(fed.map((info) => [info.name ?? "", shapeOfInput(info)])),
    outputs: (graph.output ?? []).map(({ name }) => name ?? ""),
    made: (graph.node ?? []).flatMap(({ output }) => output ?? []),
  };
}

/** The tensors through which all that `output` sees of `input` passes, in the file's order; a shape shows nothing. */
export function cuts(bytes: Uint8Array, input: string, output: string): string[] {
  const graph = onnx.ModelProto.decode(bytes).graph!;
  return (graph.node ?? [])
    .flatMap((node) => node.output ?? [])
    .filter(
      (name) => name !== output && reaches(graph, output, name) && !reaches(graph, output, input, name),
    );
}

/** Whether `from` is computed from `to`, by a way that leads not through `closed`. */
function reaches(graph: GraphProto, from: string, to: string, closed?: string): boolean {
  const makers = new Map(
    (graph.node ?? []).flatMap((node) => (node.output ?? []).map((name) => [name, node] as const)),
  );
  const seen = new Set<string>([closed ?? ""]);
  const left = [from];
  for (let name = left.pop(); name !== undefined; name = left.pop()) {
    if (name === to) return true;
    const maker = seen.has(name) ? undefined : makers.get(name);
    seen.add(name);
    if (maker !== undefined && maker.opType !== "Shape") left.push(...(maker.input ?? []));
  }
  return false;
}
