/** NaN and infinity, which no model is to be fed with: what it gives for them says nothing. */
import { isFloat } from "../../src/ir/dtype.ts";
import { fromHalf } from "../../src/ir/float16.ts";
import type { Tensor, Tensors } from "../../src/ir/tensor.ts";

/** What is not finite in some inputs, the first of it; undefined where all numbers are. */
export function notFinite(feeds: Tensors): string | undefined {
  for (const [name, { dtype, data }] of Object.entries(feeds)) {
    const floats = floatsIn(dtype, data);
    if (floats === undefined || hasFiniteSum(floats)) continue;
    const at = floats.findIndex((value: number) => !Number.isFinite(value));
    if (at >= 0) return `input ${name}: element ${at} is ${floats[at]}, not a finite number`;
  }
  return undefined;
}

function floatsIn(dtype: Tensor["dtype"], data: Tensor["data"]): Float32Array | Float64Array | undefined {
  if (dtype === "float16") return Float32Array.from(data as Uint16Array, fromHalf);
  return isFloat(dtype) ? (data as Float32Array) : undefined;
}

/** True only where all of it is finite; false, too, where the sum overflows. Four sums, for one waits for each addition. */
function hasFiniteSum(data: Float32Array | Float64Array): boolean {
  let [a, b, c, d] = [0, 0, 0, 0];
  const whole = data.length - (data.length % 4);
  for (let i = 0; i < whole; i += 4) {
    a += data[i]!;
    b += data[i + 1]!;
    c += data[i + 2]!;
    d += data[i + 3]!;
  }
  for (let i = whole; i < data.length; i++) a += data[i]!;
  return Number.isFinite(a + b + c + d);
}
