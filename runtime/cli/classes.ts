/** What commands know of an opened decoder besides how to run it, and the classes that it may be told. */
import type { Facts } from "../../graphs/model.ts";
import type { Medium } from "../../src/data/dataset.ts";
import { fail } from "../../src/ir/error.ts";
import type { Decoder } from "../models.ts";
import { nearest } from "../nearest.ts";

/** A decoder of a run or a file. */
export interface OpenDecoder {
  readonly decoder: Decoder;
  readonly medium: Medium;
  /** The classes' names; null where none are known. */
  readonly classes: readonly string[] | null;
  /** Null of a file that says nothing of its model. */
  readonly facts: Facts | null;
}

/** The number of the class of this name; null where none is asked for. Throws where there is no such class. */
export function classOf({ decoder, classes }: OpenDecoder, name: string | undefined): number | null {
  if (name === undefined) return null;
  if (!decoder.isConditional) fail("--label", "the model is not told classes: leave it out");
  if (classes === null) {
    const number = Number(name);
    return Number.isInteger(number) && number >= 0
      ? number
      : fail("--label", `the classes have no names here: a number was expected, not "${name}"`);
  }
  const position = classes.indexOf(name);
  if (position >= 0) return position;
  const meant = nearest(name, classes);
  const known = classes.length > 20 ? `there are ${classes.length}` : `there are ${classes.join(", ")}`;
  return fail(
    "--label",
    `there is no class "${name}": ${meant === undefined ? known : `did you mean "${meant}"?`}`,
  );
}

/** All classes of a conditional decoder. Throws where it is not known what they are. */
export function classesOf({ classes }: OpenDecoder): readonly string[] {
  return (
    classes ?? fail("--label", "the model is told a class, and it is not known which there are: name one")
  );
}
