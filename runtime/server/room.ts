/** How many requests may be under way at once: many in a burst; few in an overload, or every answer would be late. */
import type { BatchLimits } from "./ask.ts";
import type { UnderWay } from "./waiting.ts";

/** So many requests under way are no overload, however old they are, unless as many again were refused (`FILLED`). */
const FEW = 64;

/** Milliseconds without a sign of it after which an overload is over; and without anything to do. */
const CALM = 200;
const LULL = 50;

/** In an overload of short runs this share of the room is filled, while as many again were refused and not yet told. */
const FILLED = 0.5;

/** Runs of the model: two batches of others, its own, and one more for what goes on around them. */
const RUNS = 4;

/**
 * The room of one model. What is old and not answered tells of an overload, be it the workers that are behind or this
 * thread, which reads and writes all requests.
 */
export class Room {
  /** Enough for every worker to run a full batch and have another one ready. */
  readonly #most: number;
  readonly #maxBacklog: number;
  /** How long the last run took, in milliseconds. */
  #compute = 0;
  /** When there was last a sign of overload, and when a run last ended. */
  #overloaded = Number.NEGATIVE_INFINITY;
  #ended = Number.NEGATIVE_INFINITY;

  constructor(workers: number, { maxBatch, maxBacklog }: Pick<BatchLimits, "maxBatch" | "maxBacklog">) {
    this.#most = Math.max(FEW, 2 * maxBatch * workers);
    this.#maxBacklog = maxBacklog;
  }

  /** Told when a request comes while none is under way. */
  begun(now: number): void {
    if (now - this.#ended > LULL) this.#overloaded = Number.NEGATIVE_INFINITY;
  }

  /** Told how many milliseconds the model took. */
  ran(compute: number): void {
    this.#compute = compute;
  }

  /** Told when requests that ran together are answered. */
  ended(): void {
    this.#ended = performance.now();
  }

  /**
   * Whether there is no room for a further request.
   * @param open those under way
   * @param held how many were refused whose clients have not been told yet
   */
  isFull(open: Pick<UnderWay, "size" | "oldest">, held: number): boolean {
    const runs = RUNS * this.#compute;
    // Of short runs it is this thread that is behind: the fewer requests it has under way, the sooner each is answered.
    const isShort = runs < this.#maxBacklog;
    if (open.size < (isShort && held >= this.#most ? FILLED * this.#most : this.#most)) return false;
    const now = performance.now();
    const isOld = now - open.oldest!.since > Math.max(this.#maxBacklog, runs);
    const isOverload = isOld || now - this.#overloaded < CALM;
    // This thread reads many before it sees that one is old: each that is refused prolongs the overload.
    if (isOld || (isOverload && isShort)) this.#overloaded = now;
    return isOverload;
  }
}
