/** Where parameters get their names: a scope a layer, nested like the model, names joined by dots as in PyTorch. */
import { fail } from "../ir/error.ts";
import { within } from "../ir/origin.ts";
import { sameShape, showShape } from "../ir/shape.ts";
import { input, type Value } from "../ir/value.ts";
import type { Init, Initialiser } from "./init.ts";

type Floats = Value<"float32">;

/** A tensor of a model: its full name, its shape, how it begins, and the value that stands for it in graphs. */
export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly init: Init;
  readonly value: Floats;
  /** Whether gradients move it; a buffer is moved by the model itself, see `Scope.update`. */
  readonly isTrainable: boolean;
}

export interface ScopeOptions {
  /** Whether layers behave as in training, where some read the batch as a whole: no unless told. */
  readonly isTraining?: boolean;
}

/** A part of a model: its name, and what it shares with all other parts. */
interface Part {
  readonly name: string;
  readonly known: Map<string, Parameter>;
  readonly updates: Map<string, Floats>;
}

/** A named part of a model. Asking twice for one name gives the same parameter, so a layer can be used twice. */
export class Scope {
  /** The names on the way here: `encoder.hidden.0`. */
  readonly name: string;
  /** How the layers in it begin unless they say otherwise. */
  readonly initialiser: Initialiser;
  readonly isTraining: boolean;
  readonly #values: Readonly<Record<string, Floats>>;
  readonly #known: Map<string, Parameter>;
  readonly #updates: Map<string, Floats>;

  /** A model's outermost scope; its parameters are new inputs, except for those whose `values` are given by name. */
  constructor(
    initialiser: Initialiser,
    values: Readonly<Record<string, Floats>> = {},
    { isTraining = false }: ScopeOptions = {},
    { name, known, updates }: Part = { name: "", known: new Map(), updates: new Map() },
  ) {
    this.name = name;
    this.initialiser = initialiser;
    this.isTraining = isTraining;
    this.#values = values;
    this.#known = known;
    this.#updates = updates;
  }

  /** The part called `name` of this one. */
  at(name: string): Scope {
    return new Scope(
      this.initialiser,
      this.#values,
      { isTraining: this.isTraining },
      {
        name: this.#fullName(name),
        known: this.#known,
        updates: this.#updates,
      },
    );
  }

  /** The parameter `name` of this part. Throws where it is there already with another shape, or as a buffer. */
  parameter(name: string, shape: readonly number[], init: Init): Floats {
    return this.#ask({ name: this.#fullName(name), shape, init, isTrainable: true });
  }

  /**
   * The buffer `name` of this part: kept with the parameters, but with a next value instead of a gradient (see `update`).
   * Throws where it is there already with another shape, or as a parameter.
   */
  buffer(name: string, shape: readonly number[], init: Init): Floats {
    return this.#ask({ name: this.#fullName(name), shape, init, isTrainable: false });
  }

  /**
   * Says what the buffer `name` of this part is after the step; what was said last holds. Throws where there is no such
   * buffer, or it has another shape.
   */
  update(name: string, value: Floats): void {
    const full = this.#fullName(name);
    const buffer = this.#known.get(full);
    if (buffer === undefined || buffer.isTrainable) fail(full, "is no buffer, so that it has no update");
    if (!sameShape(buffer.shape, value.shape)) {
      fail(full, `is ${showShape(buffer.shape)} and would become ${showShape(value.shape)}`);
    }
    this.#updates.set(full, value);
  }

  /** Names the nodes that `build` makes after this part: `encoder/hidden.0`. */
  within<T>(build: () => T): T {
    return within(this.name.replace(".", "/"), build);
  }

  /** Every parameter and buffer asked for so far, here and in all other parts of the model. */
  get parameters(): readonly Parameter[] {
    return [...this.#known.values()];
  }

  /** The next values of buffers under their full names, from here and all other parts of the model. */
  get updates(): ReadonlyMap<string, Floats> {
    return this.#updates;
  }

  #fullName(name: string): string {
    return this.name === "" ? name : `${this.name}.${name}`;
  }

  #ask(wanted: Omit<Parameter, "value">): Floats {
    const { name, shape, isTrainable } = wanted;
    const known = this.#known.get(name);
    if (known === undefined) {
      const value = this.#values[name] ?? input(name, "float32", shape);
      this.#known.set(name, { ...wanted, value });
      return value;
    }
    const shown = (parameter: Omit<Parameter, "value">) =>
      `${parameter.isTrainable ? "" : "a buffer "}${showShape(parameter.shape)}`;
    if (known.isTrainable !== isTrainable || !sameShape(known.shape, shape)) {
      fail(name, `was ${shown(known)} before and is asked for as ${shown(wanted)}`);
    }
    return known.value;
  }
}
