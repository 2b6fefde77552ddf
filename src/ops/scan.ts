/** The loop: a graph run once for each element of some sequences, with a state handed from step to step. */

import { fail } from "../ir/error.ts";
import { graph, type Values } from "../ir/graph.ts";
import { input, type Value } from "../ir/value.ts";
import { apply } from "./apply.ts";

/** What goes into a loop, and in the same form what one step of it sees. */
export interface ScanInputs<S extends Values, Q extends Values, R extends Values> {
  /** First values; each step's results are the next step's. */
  readonly states: S;
  /** Walked along their first axis, whose size is the number of steps; a step sees one element. */
  readonly sequences: Q;
  /** Read by every step as they are. */
  readonly reads: R;
}

/** What one step makes of them, and in the same form what the loop returns. */
export interface ScanResults<S extends Values, T extends Values> {
  /** The next value of every state: of its name, dtype and shape. */
  readonly states: S;
  /** Results to stack along a new first axis, one a step. */
  readonly stacks: T;
}

/**
 * Runs `step` for every element of the sequences (ONNX `Scan`). Returns the last states and the stacks. The loop is
 * emitted, not differentiated through: a gradient that would have to pass it is an error.
 */
export function scan<S extends Values, Q extends Values, R extends Values, T extends Values>(
  name: string,
  inputs: ScanInputs<S, Q, R>,
  step: (inputs: ScanInputs<S, Q, R>) => ScanResults<S, T>,
): ScanResults<S, T> {
  const { states, sequences, reads } = inputs;
  const names = [states, sequences, reads].flatMap((values) => Object.keys(values));
  const twice = names.find((key, i) => names.indexOf(key) !== i);
  if (twice !== undefined) fail("Scan", `${name} names ${twice} twice`);
  const same = ({ dtype, shape }: Value, key: string) => input(key, dtype, shape);
  const element = ({ dtype, shape }: Value, key: string) => {
    if (shape.length === 0) fail("Scan", `sequence ${key} has no axis to walk`);
    return input(key, dtype, shape.slice(1));
  };
  const seen = {
    states: mapped(states, same),
    sequences: mapped(sequences, element),
    reads: mapped(reads, same),
  };
  const results = step(seen);
  const next = mapped(
    states,
    (_, key) => results.states[key] ?? fail("Scan", `${name} returns no state ${key}`),
  );
  const renamed = Object.fromEntries(Object.entries(next).map(([key, value]) => [`${key}.next`, value]));
  const parameters = { ...seen.states, ...seen.sequences, ...seen.reads };
  const body = graph(name, parameters, { ...renamed, ...results.stacks });
  const fed = [states, sequences, reads].flatMap((values) => Object.values(values));
  const count = Object.keys(states).length;
  const outputs = apply("Scan", fed, { body, states: count, sequences: Object.keys(sequences).length });
  return {
    states: mapped(states, (_, __, i) => outputs[i]!),
    stacks: mapped(results.stacks, (_, __, i) => outputs[count + i]!),
  };
}

/** The same keys with other values. */
function mapped<V extends Values>(values: V, map: (value: Value, key: string, i: number) => Value): V {
  return Object.fromEntries(Object.entries(values).map(([key, value], i) => [key, map(value, key, i)])) as V;
}
