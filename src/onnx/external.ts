/** Models that keep tensors in other files beside them. */
import { fail } from "../ir/error.ts";
import type { GraphProto, ModelProto, NodeProto, TensorProto } from "./proto.ts";

/** Throws, naming `subject`, where a tensor of the model lies in another file. */
export function requireOneFile({ graph, functions }: ModelProto, subject: string): void {
  const outside = [
    ...(graph ? tensorsIn(graph) : []),
    ...(functions ?? []).flatMap(({ node }) => (node ?? []).flatMap(tensorsOf)),
  ].find(({ externalData }) => (externalData ?? []).length > 0);
  if (outside !== undefined)
    fail(subject, `${outside.name ?? "a tensor"} lies in another file, which is not supported`);
}

function tensorsIn({ initializer, sparseInitializer, node }: GraphProto): TensorProto[] {
  const sparse = (sparseInitializer ?? []).flatMap(({ values, indices }) => [values ?? {}, indices ?? {}]);
  return [...(initializer ?? []), ...sparse, ...(node ?? []).flatMap(tensorsOf)];
}

/** Those in a node's attributes, its graphs included. */
function tensorsOf({ attribute }: NodeProto): TensorProto[] {
  return (attribute ?? []).flatMap(({ t, tensors, sparseTensor, g, graphs }) => [
    ...(t ? [t] : []),
    ...(tensors ?? []),
    ...(sparseTensor ? [sparseTensor.values ?? {}, sparseTensor.indices ?? {}] : []),
    ...[...(g ? [g] : []), ...(graphs ?? [])].flatMap(tensorsIn),
  ]);
}
