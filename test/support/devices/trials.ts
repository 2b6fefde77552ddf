/** Every sample of an operator in one graph, and every gradient of it in another: a session each, not hundreds. */
import { graph } from "../../../src/ir/graph.ts";
import type { Tensors } from "../../../src/ir/tensor.ts";
import type { Value } from "../../../src/ir/value.ts";
import { differentiable, gradientGraph } from "../gradient.ts";
import { build, type Trial } from "../samples/sample.ts";
import { type Case, cases } from "../samples/samples.ts";

/** Trials of one operator, forward or backward. */
export interface Family {
  readonly title: string;
  readonly trials: readonly (Trial & { readonly title: string })[];
}

/** All operators' samples and gradients. */
export function families(): Family[] {
  return [...new Set(cases.map(({ op }) => op))].flatMap((op) => {
    const ofOp = cases.filter((sample) => sample.op === op);
    const prefix = ({ number }: Case) => `${number}/`;
    const forward = ofOp.map((sample) => ({
      title: sample.title,
      ...build(sample.op, sample.sample, sample.number, undefined, prefix(sample)),
    }));
    const backward = ofOp.flatMap((sample) => {
      const trial = differentiable(sample, undefined, prefix(sample));
      if (trial === undefined) return [];
      const { graph, feeds, loss, wrt } = trial;
      return [{ title: sample.title, feeds, graph: gradientGraph(loss, graph.inputs, wrt) }];
    });
    return [
      { title: op, trials: forward },
      ...(backward.length === 0 ? [] : [{ title: `gradient of ${op}`, trials: backward }]),
    ];
  });
}

/** Trials side by side in one graph, whose outputs have their trial's number before their name. */
export function sideBySide(trials: readonly Trial[]): Trial {
  const outputs = trials.flatMap(({ graph }, i) =>
    Object.entries(graph.outputs).map(([name, value]) => [`${i}/${name}`, value] as const),
  );
  const inputs: Record<string, Value> = Object.assign({}, ...trials.map(({ graph }) => graph.inputs));
  return {
    graph: graph("trials", inputs, Object.fromEntries(outputs)),
    feeds: Object.assign({}, ...trials.map(({ feeds }) => feeds)),
  };
}

/** The part of what such a graph returned that belongs to one of its trials. */
export function partOf(results: Tensors, i: number): Tensors {
  const prefix = `${i}/`;
  return Object.fromEntries(
    Object.entries(results).flatMap(([name, value]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), value]] : [],
    ),
  );
}
