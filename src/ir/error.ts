/** The one error class of Isthmus: a fact, then the place in the caller's code. */

/** Something that Isthmus was asked to do and can't; `message` is one line that says the fact, then the place. */
export class IsthmusError extends Error {
  override readonly name = "IsthmusError";
  /** Where in the caller's code the thing was asked for, as `file:line`, where known. */
  readonly place: string | undefined;

  constructor(message: string, place?: string) {
    super(place === undefined ? message : `${message}\n  built at ${place}`);
    this.place = place;
  }
}

/** Throws `subject: fact`. */
export function fail(subject: string, fact: string, place?: string): never {
  throw new IsthmusError(`${subject}: ${fact}`, place);
}
