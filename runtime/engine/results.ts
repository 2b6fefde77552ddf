/** What the training graphs give back: the next state and the losses. */
import type { Tensors } from "../../src/ir/tensor.ts";
import type { Placed } from "../host/host.ts";
import type { StepLosses } from "./engine.ts";

const names = ["loss", "reconstruction", "kl"] as const;

/** The tensors that a step returned for each of a state. */
export function nextState<S extends Placed>(state: S, results: S): S {
  return Object.fromEntries(Object.keys(state).map((name) => [name, results[`${name}.next`]!])) as S & Placed;
}

/** The losses of some runs one after the other. */
export function lossesOf(runs: readonly Tensors[]): StepLosses {
  const column = (name: string) =>
    Float32Array.from(runs.flatMap((results) => [...(results[name]!.data as Float32Array)]));
  return Object.fromEntries(names.map((name) => [name, column(name)])) as StepLosses;
}
