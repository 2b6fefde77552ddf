/** Pixels and codes as requests and answers have them, and as models do. */
import { type ImageShape, Images, pixelsOf } from "../../../src/data/images.ts";
import { sizeOf, type Tensor, tensor } from "../../../src/ir/tensor.ts";
import { refuse } from "../error.ts";
import { elementsOf } from "../protocol/elements.ts";
import type { ImageForm } from "./facts.ts";

export type Floats = Tensor<"float32">;
export type Nested = number | readonly Nested[];

/** 8-bit images as a model takes them. */
export function toModel(images: Images, { range: [black, white] }: ImageForm): Floats {
  const { shape, data } = images.toTensor();
  return tensor(
    "float32",
    shape,
    black === 0 && white === 1 ? data : data.map((x) => black + x * (white - black)),
  );
}

/** What a model made as 8-bit images. */
export function fromModel(pixels: Floats, { range: [black, white] }: ImageForm): Images {
  if (black === 0 && white === 1) return Images.fromTensor(pixels);
  return Images.fromTensor(
    tensor(
      "float32",
      pixels.shape,
      pixels.data.map((x) => (x - black) / (white - black)),
    ),
  );
}

/**
 * The pixels of one image or several as `[count, channels, height, width]`: each nested as channels, rows and columns
 * (rows and columns alone where there is one channel), or flat. Throws a 400 where they are nested otherwise or out of
 * the model's range.
 */
export function readPixels(given: readonly unknown[], form: ImageForm): Floats {
  const { channels, height, width, range } = form;
  const shape = nestingOf(given);
  const forms = [[channels, height, width], [pixelsOf(form)], ...(channels === 1 ? [[height, width]] : [])];
  const isOne = forms.some((form) => `${form}` === `${shape}`);
  if (!isOne && !forms.some((form) => `${form}` === `${shape.slice(1)}`))
    refuse(`pixels: an image is [${channels},${height},${width}], and these are nested as [${shape}]`);
  const data = elementsOf("pixels", "float32", shape, given) as Float32Array;
  const wrong = data.findIndex((value) => !(value >= range[0] && value <= range[1]));
  if (wrong >= 0)
    refuse(`pixels: element ${wrong} is ${data[wrong]}, which is not between ${range[0]} and ${range[1]}`);
  return tensor("float32", [isOne ? 1 : shape[0]!, channels, height, width], data);
}

/** One code or several as `[count, latent]`. Throws a 400 where they are not of that length. */
export function readCodes(given: readonly unknown[], latent: number): Floats {
  const shape = nestingOf(given);
  const isOne = shape.length === 1;
  if (shape.length > 2 || shape.at(-1) !== latent || shape[0] === 0)
    refuse(`latent: a code has ${latent} elements, and these are nested as [${shape}]`);
  const data = elementsOf("latent", "float32", shape, given) as Float32Array;
  const wrong = data.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) refuse(`latent: element ${wrong} is ${data[wrong]}, not a finite number`);
  return tensor("float32", isOne ? [1, latent] : shape, data);
}

/** Lists in lists beyond this many are no images, nor worth counting. */
const DEEPEST = 6;

/** How long lists are on the way to the first element. */
function nestingOf(given: unknown): number[] {
  const shape: number[] = [];
  for (let level = given; Array.isArray(level) && shape.length < DEEPEST; level = level[0])
    shape.push(level.length);
  return shape;
}

/** A tensor as lists of lists. */
export function nested({ shape, data }: Tensor): readonly Nested[] {
  const level = (axis: number, start: number): readonly Nested[] => {
    const size = sizeOf(shape.slice(axis + 1));
    if (axis === shape.length - 1) return Array.from(data.subarray(start, start + shape[axis]!), Number);
    return Array.from({ length: shape[axis]! }, (_, i) => level(axis + 1, start + i * size));
  };
  return level(0, 0);
}

/** As many images as an answer may have: no more than asked for, and no more pixels than a reader wants as text. */
export function mostImages(shape: ImageShape, limit: number): number {
  return Math.max(1, Math.min(limit, Math.floor(2 ** 22 / pixelsOf(shape))));
}
