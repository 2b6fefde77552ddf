/** The elements of a tensor as JSON writes them: nested or flat, numbers or booleans. */
import { type ArrayOf, type DType, emptyArray } from "../../../src/ir/dtype.ts";
import { refuse } from "../error.ts";
import { datatypes } from "./datatypes.ts";

/** The integers that a dtype holds, from the first to the last. */
const ranges = { int8: [-128, 127], uint8: [0, 255], int32: [-(2 ** 31), 2 ** 31 - 1] } as const;

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
  const out = emptyArray(dtype, length);
  for (let i = 0; i < length; i++) {
    const value = flat[i];
    if (!holds(dtype, value)) return wrong(name, dtype, i, value);
    if (dtype === "int64") (out as BigInt64Array)[i] = BigInt(value);
    else (out as Float32Array)[i] = Number(value);
  }
  return out;
}

function holds(dtype: DType, value: unknown): value is number | boolean {
  switch (dtype) {
    case "float32":
    case "float64":
      return typeof value === "number";
    case "bool":
      return typeof value === "boolean";
    case "int64":
      return Number.isSafeInteger(value);
    default: {
      const [first, last] = ranges[dtype];
      return Number.isInteger(value) && (value as number) >= first && (value as number) <= last;
    }
  }
}

function wrong(name: string, dtype: DType, at: number, value: unknown): never {
  return refuse(
    `input ${name}: element ${at} is ${JSON.stringify(value)?.slice(0, 40)}, which is no ${datatypes[dtype]}`,
  );
}

/** Nested arrays as one; each level has to be as long as the shape's axis. */
function flattened(name: string, shape: readonly number[], data: readonly unknown[]): unknown[] {
  const out: unknown[] = [];
  const walk = (level: unknown, axis: number): void => {
    if (axis === shape.length) {
      out.push(level);
      return;
    }
    if (!Array.isArray(level) || level.length !== shape[axis])
      refuse(`input ${name}: data is not nested as its shape [${shape}] is`);
    for (const item of level as unknown[]) walk(item, axis + 1);
  };
  walk(data, 0);
  return out;
}
