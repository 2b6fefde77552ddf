/** Small parameters side by side in one vector, so that an optimizer's dozen operators run once for all of them. */
import { within } from "../src/ir/origin.ts";
import { sameShape } from "../src/ir/shape.ts";
import { sizeOf } from "../src/ir/tensor.ts";
import { concat, reshape, slice } from "../src/ops/index.ts";
import type { Floats } from "./model.ts";
import { slotName } from "./state.ts";
import type { State } from "./step.ts";

/** A parameter of at most so many elements takes less time to compute with than it takes to begin an operator. */
const SMALL = 2 ** 15;

/** The vector's name; no parameter is called so, since theirs say what they are for. */
const VECTOR = "small_parameters";

/** Two forms of what goes with parameters: a tensor for each, or some of them in one vector. */
export interface Packing {
  /** The names in the packed form. */
  readonly names: readonly string[];
  readonly pack: (tensors: State) => State;
  readonly unpack: (packed: State) => State;
}

/** Parameters of at most `small` elements in one vector, the others as they are. */
export function packing(
  parameters: readonly { readonly name: string; readonly shape: readonly number[] }[],
  small = SMALL,
): Packing {
  const tiny = parameters.filter(({ shape }) => sizeOf(shape) <= small);
  const together = tiny.length < 2 ? [] : tiny;
  const alone = parameters.filter((parameter) => !together.includes(parameter)).map(({ name }) => name);
  const pick = (from: State) => Object.fromEntries(alone.map((name) => [name, from[name]!]));
  if (together.length === 0) return { names: alone, pack: pick, unpack: pick };
  return {
    names: [...alone, VECTOR],
    pack: (tensors) => {
      const joined = within("pack", () =>
        concat(
          together.map(({ name, shape }) => shaped(tensors[name]!, [sizeOf(shape)])),
          0,
        ),
      );
      return { ...pick(tensors), [VECTOR]: joined };
    },
    unpack: (packed) => {
      const tensors: Record<string, State[string]> = pick(packed);
      let start = 0;
      for (const { name, shape } of together) {
        const [from, to] = [start, start + sizeOf(shape)];
        tensors[name] = within(`unpack/${name}`, () => shaped(slice(packed[VECTOR]!, 0, from, to), shape));
        start = to;
      }
      return tensors;
    },
  };
}

function shaped(x: Floats, shape: readonly number[]): Floats {
  return sameShape(x.shape, shape) ? x : reshape(x, shape);
}

/**
 * A state in another form: `change` is applied to its parameters, and to each slot's tensors under their names; what
 * else it holds stays as it is.
 */
export function changed(
  state: State,
  names: readonly string[],
  slots: readonly string[],
  change: (tensors: State) => State,
): State {
  const taken = new Set<string>();
  const parts = [undefined, ...slots].map((slot) => {
    const at = (name: string) => (slot === undefined ? name : slotName(slot, name));
    for (const name of names) taken.add(at(name));
    const tensors = change(Object.fromEntries(names.map((name) => [name, state[at(name)]!])));
    return Object.entries(tensors).map(([name, value]) => [at(name), value] as const);
  });
  const others = Object.entries(state).filter(([name]) => !taken.has(name));
  return Object.fromEntries([...parts.flat(), ...others]);
}
