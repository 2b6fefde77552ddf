/** A batch of 8-bit images in memory, and the shape of one of them. */
import { fail } from "../ir/error.ts";
import { type Tensor, tensor } from "../ir/tensor.ts";

export interface ImageShape {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** The number of values (channels · height · width) in one image. */
export function pixelsOf(image: ImageShape): number {
  return image.channels * image.height * image.width;
}

/** `count` images of one shape: bytes 0–255, row-major `[count, channels, height, width]`; a class number each, or none. */
export class Images {
  readonly image: ImageShape;
  readonly count: number;
  readonly data: Uint8Array;
  readonly labels: Uint8Array | null;

  /** Throws where `data` does not hold a whole number of images, or `labels` one for each. */
  constructor(image: ImageShape, data: Uint8Array, labels: Uint8Array | null = null) {
    const size = pixelsOf(image);
    if (data.length % size !== 0)
      fail("Images", `${data.length} bytes are not a multiple of ${size} an image`);
    this.image = image;
    this.count = data.length / size;
    this.data = data;
    this.labels = labels;
    if (labels !== null && labels.length !== this.count)
      fail("Images", `${labels.length} labels are not one for each of ${this.count} images`);
  }

  /** Images `start` to `end` − 1, as a view of the same bytes; negative positions count from the end. */
  slice(start = 0, end = this.count): Images {
    const size = pixelsOf(this.image);
    const at = (position: number) =>
      size * Math.min(this.count, position < 0 ? Math.max(0, this.count + position) : position);
    const [from, to] = [at(start), Math.max(at(start), at(end))];
    const labels = this.labels?.subarray(from / size, to / size) ?? null;
    return new Images(this.image, this.data.subarray(from, to), labels);
  }

  /** A copy of the images at these positions, in this order. */
  pick(positions: ArrayLike<number>): Images {
    const size = pixelsOf(this.image);
    const picked = new Uint8Array(positions.length * size);
    for (let i = 0; i < positions.length; i++) {
      const position = positions[i]!;
      picked.set(this.data.subarray(position * size, (position + 1) * size), i * size);
    }
    const { labels } = this;
    return new Images(this.image, picked, labels && Uint8Array.from(positions, (at) => labels[at]!));
  }

  /** The images as float32 `[count, channels, height, width]` in [0, 1]: what an encoder takes. */
  toTensor(): Tensor<"float32"> {
    const { channels, height, width } = this.image;
    // In place, by index: `Float32Array.from` with a function takes over twenty times as long.
    const pixels = new Float32Array(this.data);
    for (let i = 0; i < pixels.length; i++) pixels[i]! /= 255;
    return tensor("float32", [this.count, channels, height, width], pixels);
  }

  /** The class numbers as int32 `[count]`: what a conditional model takes. Throws where there are none. */
  labelTensor(): Tensor<"int32"> {
    const labels = this.labels ?? fail("Images", "the model asks for labels, and these images have none");
    return tensor("int32", [this.count], Int32Array.from(labels));
  }

  /** The 8-bit images of a tensor `[count, channels, height, width]` in [0, 1], rounded and clamped. */
  static fromTensor(pixels: Tensor<"float32">): Images {
    const [, channels = 1, height = 1, width = 1] = pixels.shape;
    const bytes = new Uint8ClampedArray(pixels.data.length);
    for (let i = 0; i < bytes.length; i++) bytes[i] = pixels.data[i]! * 255;
    return new Images({ channels, height, width }, new Uint8Array(bytes.buffer));
  }
}
