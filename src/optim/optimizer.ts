/** Optimizers as data: which tensors each keeps beside a parameter, and one update as values of the language. */
import type { Value } from "../ir/value.ts";

type Floats = Value<"float32">;

/** What an update knows besides the parameter. */
export interface Moment {
  /** `[]` */
  readonly learningRate: Floats;
  /** The number of this update, from 1: `[]`. */
  readonly step: Floats;
}

export type Slots<S extends string> = Readonly<Record<S, Floats>>;

/** Next values of one parameter and its slots. */
export type Update<S extends string> = (
  parameter: Floats,
  gradient: Floats,
  slots: Slots<S>,
) => { readonly parameter: Floats; readonly slots: Slots<S> };

export interface Optimizer<S extends string = string> {
  /** Tensors kept for each parameter, in its shape, zero at first; in a state `<slot>.<parameter>`. */
  readonly slots: readonly S[];
  /** The update at one step; what all parameters share is computed once. */
  readonly at: (moment: Moment) => Update<S>;
}
