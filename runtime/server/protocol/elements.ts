/** The elements of a tensor as JSON writes them: nested or flat, numbers or booleans. */
import { type ArrayOf, type DType, emptyArray } from "../../../src/ir/dtype.ts";
import { refuse } from "../error.ts";

/** The least and the largest value of the integers. */
const ranges: { readonly [D in DType]?: readonly [least: number, most: number] } = {
  int8: [-128, 127],
  uint8: [0, 255],
  int32: [-(2 ** 31), 2 ** 31 - 1],
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
  const out = emptyArray(dtype, length);
  if (dtype === "bool")
    fill(name, dtype, flat, out, (value) => (typeof value === "boolean" ? Number(value) : null));
  else if (dtype === "int64") {
    const to = out as BigInt64Array;
    for (let i = 0; i < length; i++) {
      const value = flat[i];
      to[i] = Number.isSafeInteger(value) ? BigInt(value as number) : wrong(name, dtype, i, value);
    }
  } else {
    const range = ranges[dtype];
    if (range === undefined)
      fill(name, dtype, flat, out, (value) => (typeof value === "number" ? value : null));
    else {
      const [least, most] = range;
      fill(name, dtype, flat, out, (value) =>
        Number.isInteger(value) && (value as number) >= least && (value as number) <= most
          ? (value as number)
          : null,
      );
    }
  }
  return out;
}

function fill(
  name: string,
  dtype: DType,
  from: readonly unknown[],
  to: ArrayOf[DType],
  read: (value: unknown) => number | null,
): void {
  for (let i = 0; i < to.length; i++)
    (to as Float32Array)[i] = read(from[i]) ?? wrong(name, dtype, i, from[i]);
}

function wrong(name: string, dtype: DType, at: number, value: unknown): never {
  return refuse(
    `input ${name}: element ${at} is ${JSON.stringify(value)?.slice(0, 40)}, which is no ${dtype}`,
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
