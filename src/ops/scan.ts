/** The loop: a graph run once for each element of some sequences, with a state handed from step to step. */

import { fail } from "../ir/error.ts";
import { type Graph, type GraphDetails, graph, type Values } from "../ir/graph.ts";
import { type Dim, showShape } from "../ir/shape.ts";
import { input, type Value } from "../ir/value.ts";
import { apply } from "./apply.ts";

/** What goes into a loop, by the names that its body uses. */
export interface ScanInputs {
  /** First values; each step's results are the next step's. */
  readonly states: Values;
  /** Walked along their first axis, whose size is the number of steps. */
  readonly sequences: Values;
  /** Read by every step as they are. */
  readonly reads?: Values;
}

/** What one step makes of them. */
export interface ScanStep {
  /** The next value of every state, under the same name, dtype and shape. */
  readonly states: Values;
  /** Results to stack along a new first axis, one a step. */
  readonly stacks: Values;
}

/**
 * Runs `step` for every element of the sequences (ONNX `Scan`). Returns the last states and the stacks. The loop is
 * emitted, not differentiated through: a gradient that would have to pass it is an error.
 */
export function scan(
  name: string,
  { states, sequences, reads = {} }: ScanInputs,
  step: (values: Values) => ScanStep,
  details: GraphDetails = {},
): ScanStep {
  const first = ({ dtype, shape }: Value, key: string) => input(key, dtype, shape);
  const element = ({ dtype, shape }: Value, key: string) => {
    if (shape.length === 0) fail("Scan", `sequence ${key} has no axis to walk: ${showShape(shape)}`);
    return input(key, dtype, shape.slice(1) as Dim[]);
  };
  const parameters: Values = {
    ...mapValues(states, first),
    ...mapValues(sequences, element),
    ...mapValues(reads, first),
  };
  const results = step(parameters);
  const ordered = mapValues(
    states,
    (_, key) => results.states[key] ?? fail("Scan", `${name} returns no state ${key}`),
  );
  const body: Graph = graph(name, parameters, { ...suffixed(ordered), ...results.stacks }, details);
  const outputs = apply(
    "Scan",
    [...Object.values(states), ...Object.values(sequences), ...Object.values(reads)],
    { body, states: Object.keys(states).length, sequences: Object.keys(sequences).length },
  );
  const named = (values: Values, offset: number) => mapValues(values, (_, __, i) => outputs[offset + i]!);
  return { states: named(ordered, 0), stacks: named(results.stacks, Object.keys(ordered).length) };
}

function mapValues(values: Values, map: (value: Value, key: string, i: number) => Value): Values {
  return Object.fromEntries(Object.entries(values).map(([key, value], i) => [key, map(value, key, i)]));
}

/** States leave a step under `<name>.next`, as in the step graph. */
function suffixed(states: Values): Values {
  return Object.fromEntries(Object.entries(states).map(([key, value]) => [`${key}.next`, value]));
}
