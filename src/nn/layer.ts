/** Layers: functions of a scope, which names their parameters, and of the size of what they make. */
import { fail } from "../ir/error.ts";
import { staticShape } from "../ir/shape.ts";
import type { Value } from "../ir/value.ts";
// biome-ignore format: one list of names
import {
  conv as convolve, convTranspose as convolveTransposed, elu, gelu, gemm, identity, leakyRelu, relu, sigmoid, silu,
  softplus, tanh,
} from "../ops/index.ts";
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

/** Dense layers `hidden.0`, `hidden.1`, … of these widths, each followed by the activation. */
export function mlp(scope: Scope, widths: readonly number[], activation: ActivationName): Layer {
  const layers = widths.map((width, i) => ({ at: scope.at("hidden").at(String(i)), width }));
  return (x) => layers.reduce((h, { at, width }) => activated(at, activation)(dense(at, width)(h)), x);
}

/** The activation of the layer `scope`. */
export function activated(scope: Scope, activation: ActivationName): Layer {
  return (x) => (activation === "linear" ? x : scope.within(() => activations[activation](x)));
}

/** A square window that moves over an image. */
export interface Window {
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
}

/** A convolution: `[batch, in, height, width]` → `[batch, filters, …]`, with `weight` `[filters, in, kernel, kernel]`. */
export function conv(scope: Scope, filters: number, { kernel, stride, padding }: Window): Layer {
  return (x) => {
    const inputs = channelsOf(scope, x);
    const fans = { in: inputs * kernel ** 2, out: filters * kernel ** 2 };
    const init = scope.initialiser(fans);
    const weight = scope.parameter("weight", [filters, inputs, kernel, kernel], init.weight);
    const bias = scope.parameter("bias", [filters], init.bias);
    return scope.within(() => convolve(x, weight, bias, { strides: stride, pads: padding }));
  };
}

/**
 * The adjoint of a convolution that gave images of this height and width: `[batch, in, …]` →
 * `[batch, filters, height, width]`, with `weight` `[in, filters, kernel, kernel]`.
 */
export function convTranspose(
  scope: Scope,
  filters: number,
  { kernel, stride, padding }: Window,
  [height, width]: readonly [number, number],
): Layer {
  return (x) => {
    const inputs = channelsOf(scope, x);
    // PyTorch counts a transposed convolution's fans as those of the convolution that it is the adjoint of.
    const fans = { in: filters * kernel ** 2, out: inputs * kernel ** 2 };
    const init = scope.initialiser(fans);
    const weight = scope.parameter("weight", [inputs, filters, kernel, kernel], init.weight);
    const bias = scope.parameter("bias", [filters], init.bias);
    const sizes = staticShape(scope.name, x.shape.slice(2));
    // Several sizes have one image under a stride: this says which of them it came from.
    const outputPadding = [height, width].map(
      (size, i) => size - ((sizes[i]! - 1) * stride - 2 * padding + kernel),
    );
    return scope.within(() =>
      convolveTransposed(x, weight, bias, { strides: stride, pads: padding, outputPadding }),
    );
  };
}

function channelsOf(scope: Scope, x: Floats): number {
  if (x.shape.length !== 4) fail(scope.name, "a convolution takes images: [batch, channels, height, width]");
  return staticShape(scope.name, [x.shape[1]!])[0]!;
}
