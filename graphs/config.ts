/** The pieces that configurations are made of, and one line for whatever is wrong with one. */
import { z } from "zod";
import { fail } from "../src/ir/error.ts";
import { initialisers } from "../src/nn/init.ts";
import { activations } from "../src/nn/layer.ts";
import { lineOf } from "./issue.ts";

const names = <K extends string>(table: Readonly<Record<K, unknown>>) => Object.keys(table) as [K, ...K[]];

export const size = z
  .int()
  .min(1)
  .max(1 << 24);
export const imageShape = z.strictObject({ channels: size, height: size, width: size });
export const activation = z.enum(names(activations));
export const initialiser = z.enum(names(initialisers));

/** `value` as the schema has it, defaults filled in. Throws one line that names what is wrong and where. */
export function parse<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  subject: string,
): z.output<Schema> {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  return fail(subject, lineOf(result.error.issues));
}
