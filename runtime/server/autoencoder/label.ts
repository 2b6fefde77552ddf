/** The classes that a conditional model is told, by their names or numbers. */
import { type Tensor, tensor } from "../../../src/ir/tensor.ts";
import { nearest } from "../../nearest.ts";
import { refuse } from "../error.ts";
import { type Feeds, isWritten } from "../feeds.ts";
import type { ServedModel } from "../model.ts";
import { type Facts, factsFor } from "./facts.ts";

/** As requests give it: one for all, or one for each; none where it is not given. */
export type Label = string | number | readonly (string | number)[] | undefined;

/** Names of classes that an answer lists at most. */
const MOST_LISTED = 20;

/** Whether a model is told classes. */
export function isConditional({ inputs }: ServedModel): boolean {
  return inputs.some(({ name }) => name === "label");
}

/** What a model is fed besides images or codes. */
type LabelFeed = { readonly label?: Tensor<"int32"> };

/**
 * What each of some models is fed besides `count` images or codes: `label` int32 `[count]` where it is conditional.
 * Throws a 400 where it is wrong, or none of them is told classes.
 */
export function labelFeeds(
  models: readonly ServedModel[],
  label: Label,
  count: number,
): (model: ServedModel) => LabelFeed {
  const given = label === undefined ? [] : typeof label === "object" ? label : [label];
  const conditional = models.find(isConditional);
  if (conditional === undefined) {
    if (given.length > 0) refuse("label: the model is not told classes, so leave it out");
    return () => ({});
  }
  const facts = factsFor(conditional);
  if (given.length === 0) refuse(`label: the model is told a class: which? ${listed(facts)}`);
  if (given.length !== 1 && given.length !== count)
    refuse(`label: ${given.length} labels are neither one for all nor one for each of ${count}`);
  const numbers = given.map((label) => numberOf(label, facts));
  const data = Int32Array.from({ length: count }, (_, i) => numbers[numbers.length === 1 ? 0 : i]!);
  const feed = { label: tensor("int32", [count], data) };
  return (model) => (isConditional(model) ? feed : {});
}

/** Throws a 400 where a model is fed a class that it does not have: another would be taken for it, or none. */
export function requireClasses(model: ServedModel, { label }: Feeds): void {
  // Classes are integers, and what is left as text is not.
  if (label === undefined || isWritten(label)) return;
  const { classCount } = factsFor(model);
  if (classCount === null) return;
  const at = Array.from(label.data, Number).findIndex((value) => value < 0 || value >= classCount);
  if (at >= 0)
    refuse(`input label: element ${at} is ${label.data[at]}, and classes are 0 to ${classCount - 1}`);
}

/** A text is a name first, and a number where no class is called so. */
function numberOf(label: string | number, facts: Facts): number {
  const { classes, classCount } = facts;
  const named = typeof label === "string" ? (classes?.indexOf(label) ?? -1) : -1;
  if (named >= 0) return named;
  const number = typeof label === "string" && /^\d+$/.test(label) ? Number(label) : label;
  if (Number.isInteger(number) && (number as number) >= 0 && (number as number) < (classCount ?? 2 ** 31))
    return number as number;
  const near = typeof label === "string" && classes ? nearest(label, classes) : undefined;
  const hint = near === undefined ? listed(facts) : `did you mean ${JSON.stringify(near)}?`;
  return refuse(`label: there is no class ${JSON.stringify(label).slice(0, 60)}: ${hint}`);
}

function listed({ classes, classCount }: Facts): string {
  if (classes !== null && classes.length <= MOST_LISTED) return `there are ${classes.join(", ")}`;
  return classCount === null ? "classes are numbers from 0" : `there are ${classCount}, numbered from 0`;
}
