/** The networks of both halves as data: convolutions (or none), then dense layers, and the way back. */
import { z } from "zod";
import { pixelsOf } from "../src/data/images.ts";
import { fail } from "../src/ir/error.ts";
import { within } from "../src/ir/origin.ts";
import { type ConvWindow, conv, convTranspose } from "../src/nn/convolution.ts";
import { type ActivationName, activated, dense, type Layer } from "../src/nn/layer.ts";
import { batchNorm, layerNorm } from "../src/nn/normalization.ts";
import type { Scope } from "../src/nn/scope.ts";
import { concat, flatten, reshape } from "../src/ops/index.ts";
import { activation, imageShape, size } from "./config.ts";
import type { Floats } from "./model.ts";

const kernel = z.int().min(2).max(64);

/** Images as the rows of a matrix. */
export const rows = (image: Floats) => within("image", () => flatten(image));

/** Settings that every family of two networks has. */
export const networks = {
  /**
   * Filters of the encoder's convolutions, each of which divides height and width by the stride; at a stride of 1 an
   * even kernel makes them larger by 1.
   */
  filters: z.array(size).default([]),
  /** Side of the convolutions' windows. */
  kernel: kernel.default(4),
  stride: z.int().min(1).max(16).default(2),
  /** Widths of the dense layers that follow, up to the code. */
  hidden: z.array(size).default([400]),
  activation: activation.default("relu"),
  /** What every hidden layer's output goes through before its activation. */
  normalization: z.enum(["none", "batch", "layer"]).default("none"),
  /** The decoder's layers, where they are not the encoder's in reverse. */
  decoder: z
    .strictObject({
      /** Widths of the dense layers that follow the code. */
      hidden: z.array(size).default([]),
      /**
       * Channels of the smallest image, then filters of the transposed convolutions, each of which multiplies height
       * and width by the stride; a last one makes the pixels. With none the pixels are a dense layer's.
       */
      filters: z.array(size).default([]),
      /** Whether the last convolution makes the image larger like the others, or leaves its size as it is. */
      output: z.enum(["larger", "same-size"]).default("larger"),
    })
    .optional(),
};

const networksConfig = z.strictObject({ image: imageShape, ...networks });
export type Networks = z.output<typeof networksConfig>;

/** Images `[batch, channels, height, width]` → features `[batch, n]`; a condition `[batch, m]` joins the dense layers. */
export function encoderNetwork(
  scope: Scope,
  config: Networks,
): (image: Floats, condition?: Floats) => Floats {
  const { layer } = downward(scope, config);
  const denses = inSequence(denseLayers(scope, config.hidden, config));
  return (image, condition) => {
    const features = rows(layer(image));
    return denses(condition === undefined ? features : concat([features, condition], 1));
  };
}

/** Codes `[batch, n]` → one number for every pixel, `[batch, channels · height · width]`, of which the likelihood makes pixels. */
export function decoderNetwork(scope: Scope, config: Networks): Layer {
  const { hidden, filters } = decoderOf(config);
  if (filters.length === 0)
    return inSequence([
      ...denseLayers(scope, hidden, config),
      dense(scope.at("output"), pixelsOf(config.image)),
    ]);
  const { shape, layer } = upward(scope, config);
  const [channels, height, width] = shape;
  const into = inSequence(denseLayers(scope, [...hidden, channels * height * width], config));
  return (code) => rows(layer(reshape(into(code), [-1, channels, height, width])));
}

/** A part of a network between images and the small images, `[channels, height, width]`, in its middle. */
interface Convolutions {
  readonly shape: readonly [number, number, number];
  readonly layer: Layer;
}

/** The encoder's convolutions: images → small images. */
export function downward(scope: Scope, config: Networks): Convolutions {
  const { filters, image } = config;
  const window = windowOf(config);
  const layers = filters.map((count, i) => {
    const at = scope.at("conv").at(String(i));
    return hiddenLayer(at, conv(at, count, window), config);
  });
  const [height, width] = sizesOf(config, filters.length).at(-1)!;
  return { shape: [filters.at(-1) ?? image.channels, height, width], layer: inSequence(layers) };
}

/** The decoder's transposed convolutions: small images → one number for every pixel, `[batch, channels, height, width]`. */
export function upward(scope: Scope, config: Networks): Convolutions {
  const { image } = config;
  const { filters, output } = decoderOf(config);
  const [channels = fail("model", "a decoder without filters has no convolutions"), ...counts] = filters;
  const window = windowOf(config);
  const isLarger = output === "larger";
  const sizes = sizesOf(config, counts.length + (isLarger ? 1 : 0)).toReversed();
  const layers = counts.map((count, i) => {
    const at = scope.at("conv").at(String(i));
    return hiddenLayer(at, convTranspose(at, count, window, sizes[i + 1]!), config);
  });
  const last = isLarger ? window : sameSize(window);
  layers.push(convTranspose(scope.at("output"), image.channels, last, [image.height, image.width]));
  return { shape: [channels, ...sizes[0]!], layer: inSequence(layers) };
}

/** The decoder's settings: its own, or the encoder's in reverse. */
function decoderOf({ decoder, hidden, filters }: Networks) {
  return decoder ?? { hidden: hidden.toReversed(), filters: filters.toReversed(), output: "larger" as const };
}

/** `28×28×1-32c-64c-256` */
export function summaryOf({ image, filters, hidden }: Networks): string {
  const { channels, height, width } = image;
  if (filters.length === 0) return [pixelsOf(image), ...hidden].join("-");
  return [`${height}×${width}×${channels}`, ...filters.map((count) => `${count}c`), ...hidden].join("-");
}

function denseLayers(scope: Scope, widths: readonly number[], config: Networks): Layer[] {
  return widths.map((width, i) => {
    const at = scope.at("hidden").at(String(i));
    return hiddenLayer(at, dense(at, width), config);
  });
}

/** A layer, its normalisation and its activation. */
function hiddenLayer(
  at: Scope,
  layer: Layer,
  { normalization, activation }: { normalization: Networks["normalization"]; activation: ActivationName },
): Layer {
  const norm = {
    none: [],
    batch: [batchNorm(at.at("normalization"))],
    layer: [layerNorm(at.at("normalization"))],
  };
  return inSequence([layer, ...norm[normalization], activated(at, activation)]);
}

function inSequence(layers: readonly Layer[]): Layer {
  return (x) => layers.reduce((h, layer) => layer(h), x);
}

type Pair = readonly [vertical: number, horizontal: number];

/** The window of the settings; a row of samples or characters has no height to move one along. */
function windowOf({ image, kernel, stride }: Networks): ConvWindow {
  const padding = Math.max(0, Math.ceil((kernel - stride) / 2));
  const isRow = image.height === 1;
  return {
    kernel: [isRow ? 1 : kernel, kernel],
    stride: [isRow ? 1 : stride, stride],
    padding: [isRow ? 0 : padding, padding],
  };
}

/** A window nearly as large that leaves an image's size as it is. */
function sameSize({ kernel: [vertical, horizontal] }: ConvWindow): ConvWindow {
  const odd = (size: number) => size - ((size + 1) % 2);
  const kernel: Pair = [odd(vertical), odd(horizontal)];
  return { kernel, stride: [1, 1], padding: [(kernel[0] - 1) / 2, (kernel[1] - 1) / 2] };
}

/** Height and width of the image, and after each of so many convolutions. Throws where nothing would be left. */
function sizesOf(config: Networks, count: number): Pair[] {
  const { height, width } = config.image;
  const { kernel, stride, padding } = windowOf(config);
  const sizes: Pair[] = [[height, width]];
  for (let i = 0; i < count; i++) {
    const [h, w] = sizes.at(-1)!;
    if (h < stride[0] || w < stride[1])
      fail(
        "model",
        `a ${width}×${height} image can't be divided by ${config.stride} ${count} times: give fewer filters`,
      );
    const after = (size: number, axis: 0 | 1) =>
      Math.floor((size + 2 * padding[axis] - kernel[axis]) / stride[axis]) + 1;
    sizes.push([after(h, 0), after(w, 1)]);
  }
  return sizes;
}
