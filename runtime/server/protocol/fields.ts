/** The fields of JSON objects that clients send. All throw a 400 that names `what` where they are not of a type. */
import { refuse } from "../error.ts";

export type Fields = Readonly<Record<string, unknown>>;

/** Some clients write null for what they leave out. */
export function parametersOf(of: Fields, what: string): Fields {
  return of.parameters == null ? {} : object(of.parameters, `${what}: parameters`);
}

export function object(value: unknown, what: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    refuse(`${what} is no JSON object`);
  return value as Fields;
}

export function list(of: Fields, key: string, what: string): readonly unknown[] {
  const value = of[key];
  if (value == null) refuse(`${what} has no ${key}`);
  if (!Array.isArray(value)) refuse(`${what}: ${key} is no array`);
  return value as unknown[];
}

export function required(of: Fields, key: string, what: string): string {
  return optional(of, key, "string", what) ?? refuse(`${what} has no ${key}`);
}

export function flag(of: Fields, key: string, what: string): boolean | undefined {
  return optional(of, key, "boolean", what);
}

export function optional(of: Fields, key: string, type: "string", what: string): string | undefined;
export function optional(of: Fields, key: string, type: "boolean", what: string): boolean | undefined;
export function optional(of: Fields, key: string, type: string, what: string): unknown {
  const value = of[key] ?? undefined;
  if (value !== undefined && typeof value !== type) refuse(`${what}: ${key} is no ${type}`);
  return value;
}
