/** Activations: a scalar function of every element, or a softmax along one axis. */
import type { Float } from "../ir/dtype.ts";
import type { Value } from "../ir/value.ts";
import { applyOne } from "./apply.ts";
import { add, erf, mul } from "./elementwise.ts";

const pointwise =
  (op: "Relu" | "Sigmoid" | "Tanh" | "Softplus") =>
  <D extends Float>(x: Value<D>): Value<D> =>
    applyOne(op, [x], {}) as Value<D>;

/** max(x, 0) */
export const relu = pointwise("Relu");
/** 1 / (1 + e^−x) */
export const sigmoid = pointwise("Sigmoid");
/** (e^x − e^−x) / (e^x + e^−x) */
export const tanh = pointwise("Tanh");
/** log(1 + e^x) */
export const softplus = pointwise("Softplus");

/** x where positive, alpha · x elsewhere (Maas et al. 2013). */
export function leakyRelu<D extends Float>(x: Value<D>, alpha = 0.01): Value<D> {
  return applyOne("LeakyRelu", [x], { alpha }) as Value<D>;
}

/** x where positive, alpha · (e^x − 1) elsewhere (Clevert et al. 2016). */
export function elu<D extends Float>(x: Value<D>, alpha = 1): Value<D> {
  return applyOne("Elu", [x], { alpha }) as Value<D>;
}

/** x · Φ(x) with the normal distribution's Φ (Hendrycks & Gimpel 2016). */
export function gelu<D extends Float>(x: Value<D>): Value<D> {
  return mul<D>(mul<D>(x, 0.5), add<D>(erf(mul<D>(x, Math.SQRT1_2)), 1));
}

/** x · sigmoid(x) (Elfwing et al. 2018). */
export function silu<D extends Float>(x: Value<D>): Value<D> {
  return mul<D>(x, sigmoid(x));
}

/** e^x / Σ e^x, summed along `axis`: shares of 1. */
export function softmax<D extends Float>(x: Value<D>, axis = -1): Value<D> {
  return applyOne("Softmax", [x], { axis }) as Value<D>;
}

/** x − log Σ e^x, summed along `axis`: the logarithm of `softmax`, also where that is 0 in float32. */
export function logSoftmax<D extends Float>(x: Value<D>, axis = -1): Value<D> {
  return applyOne("LogSoftmax", [x], { axis }) as Value<D>;
}
