/**
 * Worker threads that end between two calls of ONNX Runtime. One that is terminated within a call takes the whole
 * process along: the binding can't make its answer any more, and nobody catches what it throws then.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { threadId, type Worker } from "node:worker_threads";

/** A thread's place is its id modulo this: two that live at once share one only if as many were started in between. */
const PLACES = 2 ** 16;

/** Milliseconds between two looks at whether a call is over. */
const LOOK = 1;

/** What the threads of a pool and their owner share: of each thread, how many calls it is in, and whether it is to end. */
export class Calls {
  readonly shared: SharedArrayBuffer;
  readonly #inside: Int32Array;
  readonly #isEnding: Int32Array;

  /** @param shared that of the owner's, in a worker thread */
  constructor(shared = new SharedArrayBuffer(8 * PLACES)) {
    this.shared = shared;
    this.#inside = new Int32Array(shared, 0, PLACES);
    this.#isEnding = new Int32Array(shared, 4 * PLACES, PLACES);
  }

  /** In a worker thread: makes a call, or never settles where the thread is to end. */
  async make<T>(call: () => Promise<T>): Promise<T> {
    const place = threadId % PLACES;
    Atomics.add(this.#inside, place, 1);
    try {
      // Said before this is read, or read by the owner after the line above: one of both sees the other.
      if (Atomics.load(this.#isEnding, place) === 0) return await call();
    } finally {
      Atomics.sub(this.#inside, place, 1);
    }
    return new Promise(() => {});
  }

  /** Has a worker end when it is in no call, by whoever it is terminated. */
  guard(worker: Worker): void {
    const place = worker.threadId % PLACES;
    const terminate = worker.terminate.bind(worker);
    worker.terminate = async () => {
      Atomics.store(this.#isEnding, place, 1);
      while (Atomics.load(this.#inside, place) > 0) await sleep(LOOK);
      return terminate();
    };
    // One that ended by itself may have been in a call.
    worker.once("exit", () => {
      Atomics.store(this.#inside, place, 0);
      Atomics.store(this.#isEnding, place, 0);
    });
  }
}
