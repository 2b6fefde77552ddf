/** What a model reads of a batch of images: an input of its graphs for each thing that it asks for, and for no more. */
import type { ImageShape } from "../src/data/images.ts";
import { fail } from "../src/ir/error.ts";
import { type Dim, showShape } from "../src/ir/shape.ts";
import { input, type Value } from "../src/ir/value.ts";

type Floats = Value<"float32">;

/** Where what is fed comes from: the data set, or a distribution that the host draws from. */
export type Source = "image" | "label" | "position" | "normal" | "uniform";

/** One input that a model asked for. */
export interface Feed {
  readonly name: string;
  readonly source: Source;
  readonly value: Value;
}

/**
 * A batch, of a size that is known or has a name. Asking twice for one thing gives the same value: an input of that
 * name, unless the values are given.
 */
export class Batch {
  readonly #shape: ImageShape;
  readonly #size: Dim;
  readonly #given: Readonly<Record<string, Value>>;
  readonly #feeds = new Map<string, Feed>();

  constructor(image: ImageShape, size: Dim, given: Readonly<Record<string, Value>> = {}) {
    this.#shape = image;
    this.#size = size;
    this.#given = given;
  }

  /** The images, float32 `[batch, channels, height, width]` in [0, 1]. */
  get image(): Floats {
    const { channels, height, width } = this.#shape;
    return this.#ask("image", "image", [this.#size, channels, height, width]) as Floats;
  }

  /** Class numbers, int32 `[batch]`. */
  get label(): Value<"int32"> {
    return this.#ask("label", "label", [this.#size]) as Value<"int32">;
  }

  /** Places in the training images, from 0, int32 `[batch]`. */
  get position(): Value<"int32"> {
    return this.#ask("position", "position", [this.#size]) as Value<"int32">;
  }

  /** Standard normal numbers: `[batch, …shape]`, or `[draws, batch, …shape]` where each image has several. */
  normal(name: string, shape: readonly number[], draws?: number): Floats {
    return this.#ask(name, "normal", this.#drawn(shape, draws)) as Floats;
  }

  /** Numbers uniform in [0, 1): `[batch, …shape]`, or `[draws, batch, …shape]`. */
  uniform(name: string, shape: readonly number[], draws?: number): Floats {
    return this.#ask(name, "uniform", this.#drawn(shape, draws)) as Floats;
  }

  /** Everything asked for so far. */
  get feeds(): readonly Feed[] {
    return [...this.#feeds.values()];
  }

  /** The same as the inputs of a graph. */
  get inputs(): Readonly<Record<string, Value>> {
    return Object.fromEntries(this.feeds.map(({ name, value }) => [name, value]));
  }

  #drawn(shape: readonly number[], draws: number | undefined): Dim[] {
    return [...(draws === undefined ? [] : [draws]), this.#size, ...shape];
  }

  #ask(name: string, source: Source, shape: readonly Dim[]): Value {
    const known = this.#feeds.get(name);
    if (known !== undefined) {
      if (known.source === source && showShape(known.value.shape) === showShape(shape)) return known.value;
      return fail(
        name,
        `was ${known.source} ${showShape(known.value.shape)} before and is asked for as ${source} ${showShape(shape)}`,
      );
    }
    const dtype = source === "label" || source === "position" ? "int32" : "float32";
    const value = this.#given[name] ?? input(name, dtype, shape);
    this.#feeds.set(name, { name, source, value });
    return value;
  }
}
