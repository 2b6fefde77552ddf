/** Requests to a model that are not answered yet. */
import type { Tensors } from "../../src/ir/tensor.ts";
import type { Ask } from "./ask.ts";

/** A request from when it comes until it is answered. */
export class Waiting {
  readonly ask: Ask;
  /** When it came. */
  readonly since: number;
  /** How long it may take, in milliseconds. */
  readonly limit: number;
  readonly resolve: (outputs: Tensors) => void;
  readonly reject: (error: Error) => void;
  /** Its neighbours in `UnderWay`. */
  before: Waiting | undefined;
  behind: Waiting | undefined;
  isOpen = false;

  constructor(
    ask: Ask,
    since: number,
    limit: number,
    resolve: (outputs: Tensors) => void,
    reject: (error: Error) => void,
  ) {
    this.ask = ask;
    this.since = since;
    this.limit = limit;
    this.resolve = resolve;
    this.reject = reject;
  }
}

/**
 * Requests without an answer, the oldest first. They are linked to each other, and in no `Set`: that moves to a new
 * table whenever the one it has is full of what was taken out, and the one it leaves keeps its requests and points to
 * the new one. As soon as one of these tables is old to the garbage collector, it keeps all that come after it, with
 * their tensors, until the whole heap is collected: ten times what is under way was copied again and again.
 */
export class UnderWay {
  #oldest: Waiting | undefined;
  #newest: Waiting | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get oldest(): Waiting | undefined {
    return this.#oldest;
  }

  add(one: Waiting): void {
    one.isOpen = true;
    one.before = this.#newest;
    if (one.before === undefined) this.#oldest = one;
    else one.before.behind = one;
    this.#newest = one;
    this.#size++;
  }

  /** Takes one out, if it is there still. */
  delete(one: Waiting): boolean {
    if (!one.isOpen) return false;
    const { before, behind } = one;
    if (before === undefined) this.#oldest = behind;
    else before.behind = behind;
    if (behind === undefined) this.#newest = before;
    else behind.before = before;
    // Or one that is old to the garbage collector would keep those after it.
    one.before = undefined;
    one.behind = undefined;
    one.isOpen = false;
    this.#size--;
    return true;
  }

  /** The oldest first; the one that is looked at may be taken out meanwhile. */
  *[Symbol.iterator](): Generator<Waiting> {
    for (let one = this.#oldest; one !== undefined; ) {
      const { behind } = one;
      yield one;
      one = behind;
    }
  }
}
