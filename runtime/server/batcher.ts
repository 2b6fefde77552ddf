/** Dynamic batching: requests that wait together run together, each gets its own answer, and none waits without end. */
import { setImmediate as turn } from "node:timers/promises";
import type { Tensors } from "../../src/ir/tensor.ts";
import type { Ask, BatchLimits, BatchObserver } from "./ask.ts";
import { copied, joinRows, rowsOf } from "./batch.ts";
import { clientGone, overloaded, ServiceError, unavailable } from "./error.ts";
import { asFailure, WorkerLost } from "./failure.ts";
import { type Feeds, tensorsIn } from "./feeds.ts";
import { Room } from "./room.ts";
import { UnderWay, Waiting } from "./waiting.ts";
import type { Ran } from "./worker.ts";

/** What is left after a run of the most requests that were under way before it. */
const FADING = 0.9;

/** Milliseconds that requests are looked through without a turn for others. */
const LONG = 5;

/** The queue of one model. */
export class Batcher {
  readonly #run: (feeds: Feeds) => Promise<Ran>;
  readonly #workers: number;
  readonly #limits: BatchLimits;
  readonly #observer: BatchObserver;
  #queue: Waiting[] = [];
  /** Rows of all that wait. */
  #rows = 0;
  #running = 0;
  /** About how many requests are under way at once; so many that batches are full, until it is known. */
  #crowd: number;
  /** The most that were since the last run began. */
  #peak = 0;
  readonly #room: Room;
  /** Requests without an answer, whether they wait or run. */
  readonly #open = new UnderWay();
  #delay: NodeJS.Timeout | undefined;
  /** One timer for all requests: one for each would cost as much as all else that is done for it here. */
  #expiry: NodeJS.Timeout | undefined;
  /** When that goes off. */
  #expires = Number.POSITIVE_INFINITY;
  /** Called when nothing waits or runs any more. */
  readonly #drained: (() => void)[] = [];

  constructor(
    run: (feeds: Feeds) => Promise<Ran>,
    workers: number,
    limits: BatchLimits,
    observer: BatchObserver,
  ) {
    this.#run = run;
    this.#workers = workers;
    this.#limits = limits;
    this.#observer = observer;
    this.#room = new Room(workers, limits);
    this.#crowd = this.#shares * limits.maxBatch;
  }

  /** How many requests wait. */
  get waiting(): number {
    return this.#queue.length;
  }

  /**
   * Whether a further request may wait.
   * @param held how many were refused whose clients have not been told yet
   */
  admits(held = 0): boolean {
    if (this.#isFull(held)) this.#dropAborted();
    return !this.#isFull(held);
  }

  #isFull(held: number): boolean {
    return this.#queue.length >= this.#limits.maxQueue || this.#room.isFull(this.#open, held);
  }

  /** Runs a request, with others where it can. Throws `ServiceError`: 503 where it is not begun, 504 where it takes too long. */
  ask(ask: Ask): Promise<Tensors> {
    return new Promise((resolve, reject) => {
      if (!this.admits()) {
        this.#observer.failed(0);
        throw overloaded();
      }
      const since = performance.now();
      if (this.#open.size === 0) this.#room.begun(since);
      const limit = Math.min(ask.timeout ?? Number.POSITIVE_INFINITY, this.#limits.timeout);
      const waiting = new Waiting(ask, since, limit, resolve, reject);
      this.#open.add(waiting);
      this.#peak = Math.max(this.#peak, this.#open.size);
      if (since + limit < this.#expires) this.#expireAt(since + limit);
      this.#queue.push(waiting);
      this.#rows += ask.rows;
      this.#dispatch();
    });
  }

  /** Settles when nothing waits or runs any more; what waits is run without delay. */
  async drain(): Promise<void> {
    if (this.#queue.length === 0 && this.#running === 0) return;
    const drained = new Promise<void>((resolve) => {
      this.#drained.push(resolve);
    });
    this.#dispatch();
    await drained;
    this.#expireAt(Number.POSITIVE_INFINITY);
  }

  #expireAt(time: number): void {
    clearTimeout(this.#expiry);
    this.#expires = time;
    if (time === Number.POSITIVE_INFINITY) return;
    this.#expiry = setTimeout(() => this.#expire(), time - performance.now()).unref();
  }

  /** Answers those who waited too long, and looks when the next one will have. */
  #expire(): void {
    // Timers may go off a little early.
    const now = performance.now() + 1;
    let next = Number.POSITIVE_INFINITY;
    for (const waiting of this.#open) {
      const { since, limit } = waiting;
      if (since + limit > now) next = Math.min(next, since + limit);
      else this.#fail(waiting, this.#overdue(waiting));
    }
    this.#expireAt(next);
    this.#settled();
  }

  #overdue(waiting: Waiting): ServiceError {
    const { limit } = waiting;
    if (!this.#queue.includes(waiting))
      return new ServiceError(504, `the model took longer than ${limit} ms`);
    this.#take([waiting]);
    return unavailable(`no worker was free within ${limit} ms: try again later`);
  }

  #fail(waiting: Waiting, error: ServiceError): void {
    if (!this.#open.delete(waiting)) return;
    this.#observer.failed(performance.now() - waiting.since);
    waiting.reject(error);
  }

  /** Takes out those whose client went away: nobody reads what they are told. */
  #dropAborted(): void {
    const gone = this.#queue.filter(({ ask }) => ask.signal?.aborted);
    if (gone.length > 0) this.#take(gone);
    for (const one of gone) this.#fail(one, clientGone());
  }

  #take(some: readonly Waiting[]): void {
    const taken = new Set(some);
    this.#queue = some.length === this.#queue.length ? [] : this.#queue.filter((one) => !taken.has(one));
    for (const { ask } of some) this.#rows -= ask.rows;
  }

  #dispatch(): void {
    while (this.#isWorkerFree && this.#queue.length > 0 && !this.#mayWait()) {
      this.#dropAborted();
      const batch = this.#next();
      if (batch.length === 0) break;
      this.#take(batch);
      this.#crowd = Math.max(this.#peak, FADING * this.#crowd);
      this.#peak = this.#open.size;
      this.#running++;
      void this.#answer(batch).finally(() => {
        this.#running--;
        this.#room.ended();
        this.#dispatch();
        this.#settled();
      });
    }
    this.#settled();
  }

  /**
   * Whether one runs nothing; a full batch may wait in a worker, which then goes on without being told to, and where it
   * is the only one also a batch that has its share: no other would be free sooner.
   */
  get #isWorkerFree(): boolean {
    if (this.#running < this.#workers) return true;
    const mayBeNext = this.#workers === 1 ? this.#isEnough : this.#rows >= this.#limits.maxBatch;
    return mayBeNext && this.#running < 2 * this.#workers;
  }

  /** Among how many runs requests are shared out: one of each worker, one that is ready, one that is read or answered. */
  get #shares(): number {
    return this.#workers + 2;
  }

  /** Whether no others are waited for: a batch is full, or has its share of all requests; one alone never has. */
  get #isEnough(): boolean {
    if (this.#rows >= this.#limits.maxBatch) return true;
    return this.#queue.length >= Math.max(2, this.#crowd / this.#shares);
  }

  #settled(): void {
    if (this.#queue.length === 0 && this.#running === 0) for (const drained of this.#drained) drained();
  }

  /** Whether the oldest request still waits for others; then its time is seen to. */
  #mayWait(): boolean {
    const [{ ask, since }] = this.#queue as [Waiting];
    if (ask.key === null || this.#isEnough || this.#drained.length > 0) return false;
    const left = since + this.#limits.maxDelay - performance.now();
    if (left <= 0) return false;
    this.#delay ??= setTimeout(() => {
      this.#delay = undefined;
      this.#dispatch();
    }, left);
    return true;
  }

  /** The oldest request with those behind it that may run with it. */
  #next(): Waiting[] {
    const [oldest] = this.#queue;
    if (oldest === undefined || oldest.ask.key === null) return oldest === undefined ? [] : [oldest];
    const batch: Waiting[] = [];
    let rows = 0;
    for (const one of this.#queue) {
      if (one.ask.key !== oldest.ask.key) continue;
      if (rows > 0 && rows + one.ask.rows > this.#limits.maxBatch) continue;
      batch.push(one);
      rows += one.ask.rows;
      if (rows >= this.#limits.maxBatch) break;
    }
    return batch;
  }

  /** Runs a batch; where that fails each request runs alone, so that none fails for another's sake. */
  async #answer(batch: readonly Waiting[]): Promise<void> {
    try {
      await this.#runTogether(batch);
    } catch (error) {
      // Nobody knows whose fault it was; one alone is tried again only where its worker was lost.
      if (batch.length === 1 && !(error instanceof WorkerLost))
        return this.#fail(batch[0]!, asFailure(error));
      if (error instanceof ServiceError) {
        const others = await this.#fit(batch);
        if (others.length < batch.length) return others.length > 0 ? this.#answer(others) : undefined;
      }
      for (const one of batch) {
        if (!one.isOpen) continue;
        await this.#runTogether([one]).catch((error) => this.#fail(one, asFailure(error)));
      }
    }
  }

  /** Refuses those of a batch that can't be run with what they feed; the others. */
  async #fit(batch: readonly Waiting[]): Promise<readonly Waiting[]> {
    const others: Waiting[] = [];
    let since = performance.now();
    for (const one of batch) {
      if (!one.isOpen) continue;
      try {
        tensorsIn(one.ask.feeds);
        others.push(one);
      } catch (error) {
        this.#fail(one, asFailure(error));
      }
      if (performance.now() - since < LONG) continue;
      // Texts may be long, and others ask meanwhile.
      await turn();
      since = performance.now();
    }
    return others;
  }

  async #runTogether(batch: readonly Waiting[]): Promise<void> {
    const begun = performance.now();
    const all = batch.map(({ ask }) => ask.feeds);
    const isJoined = batch[0]!.ask.key !== null;
    const { outputs, compute } = await this.#run(isJoined ? joinRows(all) : copied(all[0]!));
    const count = batch.reduce((sum, { ask }) => sum + ask.rows, 0);
    this.#room.ran(compute);
    this.#observer.ran(count, compute);
    const isShared = batch.length > 1;
    // A file's axes are a promise, which it may break: then nobody knows whose rows are whose.
    if (isShared && Object.values(outputs).some(({ shape }) => shape[0] !== count))
      throw new Error("the model gives other rows than it was fed");
    const rows = isShared ? rowsOf(outputs) : () => outputs;
    const ended = performance.now();
    let start = 0;
    for (const one of batch) {
      const end = start + one.ask.rows;
      if (this.#open.delete(one)) {
        this.#observer.done({ queue: begun - one.since, compute, total: ended - one.since, batch: count });
        one.resolve(rows(start, end));
      }
      start = end;
    }
  }
}
