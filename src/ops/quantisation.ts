/** Numbers as small integers and back, and products of such: `x ≈ scale · (q − zero point)`. */
import type { Value } from "../ir/value.ts";
import { apply, applyOne } from "./apply.ts";

/** What is stored in eight bits. */
type Byte = "uint8" | "int8";

/** `x / scale + zeroPoint`, rounded (ties to even) and kept within the dtype of the zero point; both are scalars. */
export function quantizeLinear<D extends Byte>(
  x: Value<"float32">,
  scale: Value<"float32">,
  zeroPoint: Value<D>,
): Value<D> {
  return applyOne("QuantizeLinear", [x, scale, zeroPoint], { axis: 0 }) as Value<D>;
}

/** `scale · (x − zeroPoint)`: both scalars, or vectors with an element for every index along `axis`; no zero point is 0. */
export function dequantizeLinear<D extends Byte | "int32">(
  x: Value<D>,
  scale: Value<"float32">,
  zeroPoint?: Value<D>,
  axis = 0,
): Value<"float32"> {
  return applyOne("DequantizeLinear", [x, scale, zeroPoint], { axis }) as Value<"float32">;
}

/** `x` as uint8 over the whole range of its elements and 0, with the scale and zero point that this takes. */
export function dynamicQuantizeLinear(x: Value<"float32">): {
  readonly q: Value<"uint8">;
  readonly scale: Value<"float32">;
  readonly zeroPoint: Value<"uint8">;
} {
  const [q, scale, zeroPoint] = apply("DynamicQuantizeLinear", [x], {});
  return {
    q: q as Value<"uint8">,
    scale: scale as Value<"float32">,
    zeroPoint: zeroPoint as Value<"uint8">,
  };
}

/** The exact matrix product of `a − aZeroPoint` and `b − bZeroPoint`, both scalars: `[…, m, k] × […, k, n] → […, m, n]`. */
export function matMulInteger<A extends Byte, B extends Byte>(
  a: Value<A>,
  b: Value<B>,
  aZeroPoint: Value<A>,
  bZeroPoint: Value<B>,
): Value<"int32"> {
  return applyOne("MatMulInteger", [a, b, aZeroPoint, bZeroPoint], {}) as Value<"int32">;
}
