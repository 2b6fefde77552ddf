/** How models from elsewhere lay out an image: as ours, with the channels last, or flat. */
import { type ImageShape, pixelsOf } from "../../src/data/images.ts";
import { fail } from "../../src/ir/error.ts";
import { type Shape, showShape } from "../../src/ir/shape.ts";
import { sizeOf } from "../../src/ir/tensor.ts";
import { operands, type Value } from "../../src/ir/value.ts";
import { applyOne } from "../../src/ops/apply.ts";
import { reshape, transpose } from "../../src/ops/index.ts";
import type { Floats } from "../model.ts";

/** An input's shape with its batch left open and all else a number, and whether its channels come last. */
export interface Layout {
  readonly shape: Shape;
  readonly isChannelsLast: boolean;
}

/** The layout of a tensor of this shape, names being any size; undefined where it can't hold such images. */
function fitting(shape: Shape, image: ImageShape): Layout | undefined {
  const { channels, height, width } = image;
  const pixels = pixelsOf(image);
  const fits = (sizes: readonly number[]) =>
    shape.length === sizes.length + 1 &&
    sizes.every((size, i) => typeof shape[i + 1] === "string" || shape[i + 1] === size);
  const as = (sizes: readonly number[], isChannelsLast = false): Layout => ({
    shape: ["batch", ...sizes],
    isChannelsLast,
  });
  if (fits([channels, height, width])) return as([channels, height, width]);
  if (fits([height, width, channels])) return as([height, width, channels], true);
  if (fits([pixels])) return as([pixels]);
  const sizes = shape.slice(1).filter((size) => typeof size === "number");
  return sizes.length === shape.length - 1 && sizeOf(sizes) === pixels ? as(sizes) : undefined;
}

/** Whether a tensor of this shape can hold such images. */
export function holdsImages(shape: Shape, image: ImageShape): boolean {
  return fitting(shape, image) !== undefined;
}

/** The layout of a tensor that is declared with `shape`. Throws where it can't hold such images. */
export function layoutOf(shape: Shape, image: ImageShape, subject: string, name: string): Layout {
  const { channels, height, width } = image;
  return (
    fitting(shape, image) ??
    fail(subject, `${name} is ${showShape(shape)}, which holds no images of ${channels}×${height}×${width}`)
  );
}

/** Images `[batch, channels, height, width]` in a layout. */
export function laidOut(image: Floats, { shape, isChannelsLast }: Layout): Floats {
  if (isChannelsLast) return transpose(image, [0, 2, 3, 1]);
  const sizes = shape.slice(1) as number[];
  return sizes.length === 3 && sizes.every((size, i) => size === image.shape[i + 1])
    ? image
    : reshape(image, [0, ...sizes]);
}

/** What is in a layout as rows `[batch, pixels]`, channels first. */
export function rowsOf(x: Floats, { isChannelsLast, shape }: Layout): Floats {
  const ordered = isChannelsLast ? transpose(x, [0, 3, 1, 2]) : x;
  const pixels = sizeOf(shape.slice(1) as number[]);
  return ordered.shape.length === 2 ? ordered : reshape(ordered, [0, pixels]);
}

const movements = ["Reshape", "Transpose", "Squeeze", "Unsqueeze", "Identity", "Slice", "Concat"];
const unbounded = ["Gemm", "MatMul", "Conv", "ConvTranspose", "Add", "Sub", "Mul", "Div"];

/**
 * The logits of pixels: what a Sigmoid at the end is of, or else the pixels themselves, if whatever makes them may give
 * any number. Throws where it gives none below 0 or above 1, or the like.
 */
export function logitsOf(x: Value, subject: string): Value {
  const node = x.producer;
  if (node.kind !== "node") return fail(subject, "has pixels that it does not compute");
  if (node.op === "Sigmoid") return node.inputs[0];
  if (movements.includes(node.op)) {
    const logits = operands(node).map((from) => logitsOf(from, subject));
    return applyOne(node.op, logits as never, node.attributes as never);
  }
  if (unbounded.includes(node.op)) return x;
  return fail(
    subject,
    `ends in ${node.op}; Bernoulli pixels take a Sigmoid at the end, or the logits before it`,
  );
}
