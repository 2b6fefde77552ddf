/** Calls that are wrong: how options are read, and the errors that end with exit code 2. */
import { InvalidArgumentError } from "commander";
import { fail, IsthmusError } from "../../src/ir/error.ts";

/** A call that can't be carried out as it was made; nothing was begun. */
export class UsageError extends IsthmusError {}

/** Runs what only looks at the call: what it finds wrong is the call's fault. */
export async function asked<T>(check: () => T | Promise<T>): Promise<T> {
  try {
    return await check();
  } catch (error) {
    throw error instanceof IsthmusError ? new UsageError(error.message) : error;
  }
}

/** Throws unless the file's name ends in one of these. */
export function requireEnding(path: string, endings: readonly string[]): Promise<void> {
  return asked(() => {
    if (!endings.some((ending) => path.endsWith(ending))) fail(path, `must end in ${endings.join(" or ")}`);
  });
}

export function number(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value))
    throw new InvalidArgumentError(`"${text}" is not a number.`);
  return value;
}

/** `learned`, or a number. */
export function variance(text: string): number | "learned" {
  return text === "learned" ? text : number(text);
}

/** A whole number from `least` to `most`. */
export function atLeast(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = integer(text);
    if (value < least) throw new InvalidArgumentError(`It must be at least ${least}.`);
    if (value > most) throw new InvalidArgumentError(`It must be at most ${most}.`);
    return value;
  };
}

/** A number from `lowest` on. */
export function least(lowest: number): (text: string) => number {
  return (text) => {
    const value = number(text);
    if (value < lowest) throw new InvalidArgumentError(`It must be at least ${lowest}.`);
    return value;
  };
}

/** One more value of an option that may be given again. */
export function another(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

/** The path of something to write. */
export function path(text: string): string {
  if (text === "") throw new InvalidArgumentError("A path can't be empty.");
  return text;
}

export function integer(text: string): number {
  const value = number(text);
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError(`"${text}" is not a whole number.`);
  return value;
}

/** `400` or `512,256`; an empty text is no layers at all. */
export function integers(text: string): number[] {
  return text.trim() === "" ? [] : text.split(",").map(integer);
}

/** Any setting by its path, such as `penalty.kind` or `training.klSchedule.epochs`, and its value. */
export type Assignment = readonly [path: readonly string[], value: unknown];

/** `filters=[32,64]`, one more of those before; a value that is not JSON is the text as it stands. */
export function assignments(text: string, before: readonly Assignment[] = []): readonly Assignment[] {
  const [, path, value] = /^(\w+(?:\.\w+)*)=(.+)$/s.exec(text) ?? [];
  if (path === undefined || value === undefined || path === "training")
    throw new InvalidArgumentError(`"${text}" is not SETTING=VALUE, such as penalty.kind=l1.`);
  return [...before, [path.split("."), jsonOr(value)]];
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** `32x32` → width, height. */
export function dimensions(text: string): [width: number, height: number] {
  const [, width, height] = /^(\d+)x(\d+)$/i.exec(text) ?? [];
  if (width === undefined || height === undefined)
    throw new InvalidArgumentError(`"${text}" is not WIDTHxHEIGHT.`);
  return [Number(width), Number(height)];
}
