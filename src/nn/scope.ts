/** Where parameters get their names: a scope a layer, nested like the model, names joined by dots as in PyTorch. */
import { fail } from "../ir/error.ts";
import { within } from "../ir/origin.ts";
import { showShape } from "../ir/shape.ts";
import { input, type Value } from "../ir/value.ts";
import type { Init, Initialiser } from "./init.ts";

/** A trainable tensor: its full name, its shape, how it begins, and the value that stands for it in graphs. */
export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly init: Init;
  readonly value: Value<"float32">;
}

/** A named part of a model. Asking twice for one name gives the same parameter, so a layer can be used twice. */
export class Scope {
  /** The names on the way here: `encoder.hidden.0`. */
  readonly name: string;
  /** How the layers in it begin unless they say otherwise. */
  readonly initialiser: Initialiser;
  readonly #values: Readonly<Record<string, Value<"float32">>>;
  readonly #known: Map<string, Parameter>;

  /** A model's outermost scope; its parameters are new inputs, except for those whose `values` are given by name. */
  constructor(
    initialiser: Initialiser,
    values: Readonly<Record<string, Value<"float32">>> = {},
    name = "",
    known = new Map(),
  ) {
    this.name = name;
    this.initialiser = initialiser;
    this.#values = values;
    this.#known = known;
  }

  /** The part called `name` of this one. */
  at(name: string): Scope {
    return new Scope(
      this.initialiser,
      this.#values,
      this.name === "" ? name : `${this.name}.${name}`,
      this.#known,
    );
  }

  /** The parameter `name` of this part. Throws where it is there already with another shape. */
  parameter(name: string, shape: readonly number[], init: Init): Value<"float32"> {
    const full = this.at(name).name;
    const known = this.#known.get(full);
    if (known === undefined) {
      const value = this.#values[full] ?? input(full, "float32", shape);
      this.#known.set(full, { name: full, shape, init, value });
      return value;
    }
    if (showShape(known.shape) !== showShape(shape)) {
      fail(full, `was ${showShape(known.shape)} before and is asked for as ${showShape(shape)}`);
    }
    return known.value;
  }

  /** Names the nodes that `build` makes after this part: `encoder/hidden.0`. */
  within<T>(build: () => T): T {
    return within(this.name.replace(".", "/"), build);
  }

  /** Every parameter asked for so far, here and in all other parts of the model. */
  get parameters(): readonly Parameter[] {
    return [...this.#known.values()];
  }
}
