/** The elements of a tensor as JSON writes them: nested or flat, numbers or booleans. */
import { type ArrayOf, arrayOf, type DType, type Integer } from "../../../src/ir/dtype.ts";
import { refuse, shown } from "../error.ts";
import { datatypes } from "./datatypes.ts";

/** The integers that a dtype holds, from the first to the last; of 64 bits those that JSON's numbers hold. */
const ranges: { readonly [D in Integer]: readonly [first: number, last: number] } = {
  int8: [-128, 127],
  uint8: [0, 255],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
};

/**
 * Elements in row-major order. Throws a 400 naming the input where they are not as many as `length`, not of the dtype,
 * or nested as no tensor of that shape is.
 */
export function elementsOf(
  name: string,
  dtype: DType,
  shape: readonly number[],
  data: readonly unknown[],
): ArrayOf[DType] {
  const length = shape.reduce((size, dim) => size * dim, 1);
  const flat = Array.isArray(data[0]) ? flattened(name, shape, data) : data;
  if (flat.length !== length)
    refuse(`input ${name}: shape [${shape}] holds ${length} elements, and data has ${flat.length}`);
  const isElement = elementTest(dtype);
  const at = flat.findIndex((value) => !isElement(value));
  if (at >= 0) {
    const isInexact = dtype === "int64" && Number.isInteger(flat[at]);
    const wrong = isInexact
      ? "which JSON may have rounded: send binary data"
      : `which is no ${datatypes[dtype]}`;
    refuse(`input ${name}: element ${at} is ${shown(flat[at])}, ${wrong}`);
  }
  // What most models take, and several times as fast.
  if (dtype === "float32") return new Float32Array(flat as number[]);
  return arrayOf(dtype, flat as readonly number[]);
}

/** Whether a JSON value is an element of a dtype; a truth value counts as 0 or 1. */
function elementTest(dtype: DType): (value: unknown) => boolean {
  if (dtype === "bool") return (value) => typeof value === "boolean";
  if (!isInteger(dtype)) return (value) => typeof value === "number";
  const [first, last] = ranges[dtype];
  return (value) => Number.isSafeInteger(value) && (value as number) >= first && (value as number) <= last;
}

function isInteger(dtype: DType): dtype is Integer {
  return Object.hasOwn(ranges, dtype);
}

/** Nested arrays as one; each level has to be as long as the shape's axis. Level by level: a client chooses how many. */
function flattened(name: string, shape: readonly number[], data: readonly unknown[]): readonly unknown[] {
  let level: readonly unknown[] = [data];
  for (const size of shape) {
    if (!level.every((item) => Array.isArray(item) && item.length === size))
      refuse(`input ${name}: data is not nested as its shape [${shape}] is`);
    level = level.flat();
  }
  return level;
}
