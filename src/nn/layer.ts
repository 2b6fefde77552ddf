/** Layers: functions of a scope, which names their parameters, and of the size of what they make. */
import { fail } from "../ir/error.ts";
import { staticShape } from "../ir/shape.ts";
import type { Value } from "../ir/value.ts";
import { elu, gelu, gemm, identity, leakyRelu, relu, sigmoid, silu, softplus, tanh } from "../ops/index.ts";
import type { Scope } from "./scope.ts";

type Floats = Value<"float32">;
export type Layer = (x: Floats) => Floats;

export const activations = {
  relu,
  leaky_relu: leakyRelu,
  elu,
  gelu,
  silu,
  sigmoid,
  tanh,
  softplus,
  linear: identity,
} as const satisfies Record<string, Layer>;
export type ActivationName = keyof typeof activations;

/** x Wᵀ + b: `[batch, in]` → `[batch, features]`, with `weight` `[features, in]` and `bias` `[features]`. */
export function dense(scope: Scope, features: number): Layer {
  return (x) => {
    const [, width = fail(scope.name, "a dense layer takes a matrix")] = x.shape;
    const [inputs] = staticShape(scope.name, [width]) as [number];
    const init = scope.initialiser({ in: inputs, out: features });
    const weight = scope.parameter("weight", [features, inputs], init.weight);
    const bias = scope.parameter("bias", [features], init.bias);
    return scope.within(() => gemm(x, weight, bias, { transB: true }));
  };
}

/** The activation of the layer `scope`. */
export function activated(scope: Scope, activation: ActivationName): Layer {
  return (x) => (activation === "linear" ? x : scope.within(() => activations[activation](x)));
}
