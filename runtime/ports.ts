/** Whether tensors fit the inputs of a model: checked before the native call, and before a request is queued. */
import type { DType } from "../src/ir/dtype.ts";
import { fail } from "../src/ir/error.ts";
import { showShape } from "../src/ir/shape.ts";
import { sizeOf } from "../src/ir/tensor.ts";
import type { Port } from "./host/host.ts";

/** What an input is fed with, be its elements here or elsewhere. */
interface Fed {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data?: { readonly length: number };
}

/** Throws, naming `subject`, where a feed is missing, unknown, or of another dtype or shape than the model's input. */
export function requireFeeds(
  subject: string,
  inputs: readonly Port[],
  feeds: Readonly<Record<string, Fed>>,
): void {
  const sizes = new Map<string, number>();
  for (const { name, dtype, shape } of inputs) {
    const fed = feeds[name] ?? fail(subject, `input ${name} is not fed`);
    if (fed.dtype !== dtype) fail(subject, `input ${name} is ${dtype}, got ${fed.dtype}`);
    const fits =
      fed.shape.length === shape.length &&
      shape.every((dim, i) => {
        const size = fed.shape[i]!;
        if (typeof dim === "number") return dim === size;
        // A dimension without a name is like no other.
        if (dim === "") return true;
        const known = sizes.get(dim) ?? size;
        sizes.set(dim, known);
        return known === size;
      });
    if (!fits) {
      const named = [...sizes].map(([dim, size]) => `${dim} = ${size}`).join(", ");
      const where = named === "" ? "" : ` (${named})`;
      fail(subject, `input ${name} has shape ${showShape(shape)}${where}, got ${showShape(fed.shape)}`);
    }
    if (fed.data !== undefined && fed.data.length !== sizeOf(fed.shape)) {
      fail(subject, `input ${name} of shape ${showShape(fed.shape)} has ${fed.data.length} elements`);
    }
  }
  for (const name of Object.keys(feeds))
    if (!inputs.some((input) => input.name === name)) fail(subject, `has no input ${name}`);
}
