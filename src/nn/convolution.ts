/** Convolutions: layers that move a window over images, or over signals as images of height 1. */
import { fail } from "../ir/error.ts";
import { staticShape } from "../ir/shape.ts";
import type { Value } from "../ir/value.ts";
import { conv as convolve, convTranspose as convolveTransposed } from "../ops/index.ts";
import type { Layer } from "./layer.ts";
import type { Scope } from "./scope.ts";

/** A size for each axis of an image. */
type HeightAndWidth = readonly [height: number, width: number];

/** A window that moves over an image; a kernel of height 1 over `[batch, channels, 1, width]` is a signal's. */
export interface ConvWindow {
  readonly kernel: HeightAndWidth;
  readonly stride: HeightAndWidth;
  /** Zeros on either side of an axis. */
  readonly padding: HeightAndWidth;
}

/**
 * A convolution: `[batch, in, height, width]` → `[batch, filters, …]`, with `weight` `[filters, in, …kernel]` and `bias`
 * `[filters]`.
 */
export function conv(scope: Scope, filters: number, { kernel, stride, padding }: ConvWindow): Layer {
  return (x) => {
    const inputs = channelsOf(scope, x);
    const area = kernel[0] * kernel[1];
    const init = scope.initialiser({ in: inputs * area, out: filters * area });
    const weight = scope.parameter("weight", [filters, inputs, ...kernel], init.weight);
    const bias = scope.parameter("bias", [filters], init.bias);
    const pads = [...padding, ...padding];
    return scope.within(() => convolve(x, weight, bias, { strides: stride, pads }));
  };
}

/**
 * The adjoint of a convolution that gave images of this height and width: `[batch, in, …]` →
 * `[batch, filters, height, width]`, with `weight` `[in, filters, …kernel]` and `bias` `[filters]`.
 */
export function convTranspose(
  scope: Scope,
  filters: number,
  { kernel, stride, padding }: ConvWindow,
  [height, width]: HeightAndWidth,
): Layer {
  return (x) => {
    const inputs = channelsOf(scope, x);
    const area = kernel[0] * kernel[1];
    // PyTorch counts a transposed convolution's fans as those of the convolution that it is the adjoint of.
    const init = scope.initialiser({ in: filters * area, out: inputs * area });
    const weight = scope.parameter("weight", [inputs, filters, ...kernel], init.weight);
    const bias = scope.parameter("bias", [filters], init.bias);
    const sizes = staticShape(scope.name, x.shape.slice(2));
    // Several sizes have one image under a stride: this says which of them it came from.
    const outputPadding = [height, width].map(
      (size, axis) => size - ((sizes[axis]! - 1) * stride[axis]! - 2 * padding[axis]! + kernel[axis]!),
    );
    const pads = [...padding, ...padding];
    return scope.within(() => convolveTransposed(x, weight, bias, { strides: stride, pads, outputPadding }));
  };
}

function channelsOf(scope: Scope, x: Value): number {
  if (x.shape.length !== 4) fail(scope.name, "a convolution takes images: [batch, channels, height, width]");
  return staticShape(scope.name, [x.shape[1]!])[0]!;
}
