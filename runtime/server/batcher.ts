/** Dynamic batching: requests that wait together run together, each gets its own answer, and none waits without end. */
import type { Tensors } from "../../src/ir/tensor.ts";
import { copied, joinRows, rowsOf } from "./batch.ts";
import { ServiceError, unavailable } from "./error.ts";
import { WorkerLost } from "./pool.ts";
import type { Ran } from "./worker.ts";

export interface BatchLimits {
  /** Rows that run together at most; a request of more runs alone. */
  readonly maxBatch: number;
  /** How long a request waits for others at most, in milliseconds. */
  readonly maxDelay: number;
  /** Requests that wait at most; one more is refused. */
  readonly maxQueue: number;
  /** How long a request may take, the waiting included, in milliseconds. */
  readonly timeout: number;
}

/** What a request went through, in milliseconds. */
export interface Timing {
  readonly queue: number;
  /** In ONNX Runtime, for all that ran together. */
  readonly compute: number;
  readonly total: number;
  /** Rows that ran together. */
  readonly batch: number;
}

/** Told of every run, and of every request that was answered. */
export interface BatchObserver {
  readonly ran: (rows: number, compute: number) => void;
  readonly done: (timing: Timing) => void;
}

export interface Ask {
  readonly feeds: Tensors;
  /** How many rows; requests may run together where their `key` is the same. Null: it runs alone. */
  readonly rows: number;
  readonly key: string | null;
  readonly signal?: Aborted | undefined;
  /** Milliseconds; no more than the service's own. */
  readonly timeout?: number | undefined;
}

/** An `AbortSignal`, or what is looked at as one is: a listener for each request would cost more than it saves. */
export interface Aborted {
  readonly aborted: boolean;
}

interface Waiting extends Ask {
  readonly since: number;
  isOver: boolean;
  readonly resolve: (outputs: Tensors) => void;
  readonly reject: (error: Error) => void;
}

/** The queue of one model. */
export class Batcher {
  readonly #run: (feeds: Tensors) => Promise<Ran>;
  readonly #runsAtOnce: number;
  readonly #limits: BatchLimits;
  readonly #observer: BatchObserver;
  #queue: Waiting[] = [];
  #running = 0;
  #timer: NodeJS.Timeout | undefined;
  #drained: (() => void) | undefined;

  constructor(
    run: (feeds: Tensors) => Promise<Ran>,
    runsAtOnce: number,
    limits: BatchLimits,
    observer: BatchObserver,
  ) {
    this.#run = run;
    this.#runsAtOnce = runsAtOnce;
    this.#limits = limits;
    this.#observer = observer;
  }

  /** How many requests wait. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** Throws a 503 where no further request may wait. */
  requireRoom(): void {
    if (this.#queue.length >= this.#limits.maxQueue) this.#dropAborted();
    if (this.#queue.length >= this.#limits.maxQueue)
      throw unavailable(`too many requests wait (${this.#limits.maxQueue}): try again later`);
  }

  /** Runs a request, with others where it can. Throws `ServiceError`: 503 where it is not begun, 504 where it takes too long. */
  ask(ask: Ask): Promise<Tensors> {
    return new Promise((resolve, reject) => {
      this.requireRoom();
      const settle = (waiting: Waiting, end: () => void) => {
        if (waiting.isOver) return;
        waiting.isOver = true;
        clearTimeout(timer);
        end();
      };
      const waiting: Waiting = {
        ...ask,
        since: performance.now(),
        isOver: false,
        resolve: (outputs) => settle(waiting, () => resolve(outputs)),
        reject: (error) => settle(waiting, () => reject(error)),
      };
      const limit = Math.min(ask.timeout ?? Number.POSITIVE_INFINITY, this.#limits.timeout);
      const timer = setTimeout(() => this.#overdue(waiting, limit), limit);
      this.#queue.push(waiting);
      this.#dispatch();
    });
  }

  /** Settles when nothing waits or runs any more; what waits is run without delay. */
  async drain(): Promise<void> {
    if (this.#queue.length === 0 && this.#running === 0) return;
    const drained = new Promise<void>((resolve) => {
      this.#drained = resolve;
    });
    this.#dispatch();
    await drained;
  }

  #overdue(waiting: Waiting, limit: number): void {
    const isQueued = this.#remove(waiting);
    waiting.reject(
      isQueued
        ? unavailable(`no worker was free within ${limit} ms: try again later`)
        : new ServiceError(504, `the model took longer than ${limit} ms`),
    );
  }

  #remove(waiting: Waiting): boolean {
    const at = this.#queue.indexOf(waiting);
    if (at >= 0) this.#queue.splice(at, 1);
    this.#settled();
    return at >= 0;
  }

  /** Takes out those whose client went away: nobody reads what they are told. */
  #dropAborted(): void {
    if (!this.#queue.some(({ signal }) => signal?.aborted)) return;
    const gone = this.#queue.filter(({ signal }) => signal?.aborted);
    this.#queue = this.#queue.filter(({ signal }) => !signal?.aborted);
    for (const one of gone) one.reject(new ServiceError(499, "the client went away"));
  }

  #dispatch(): void {
    this.#dropAborted();
    while (this.#running < this.#runsAtOnce && this.#queue.length > 0) {
      const batch = this.#next();
      if (batch === undefined) return;
      this.#running++;
      void this.#answer(batch).finally(() => {
        this.#running--;
        this.#dispatch();
        this.#settled();
      });
    }
  }

  #settled(): void {
    if (this.#queue.length === 0 && this.#running === 0) this.#drained?.();
  }

  /** The oldest request with those behind it that may run with it; undefined where it still waits for more. */
  #next(): Waiting[] | undefined {
    const [oldest] = this.#queue as [Waiting];
    const { maxBatch, maxDelay } = this.#limits;
    const batch = [oldest];
    let rows = oldest.rows;
    if (oldest.key !== null) {
      for (let i = 1; i < this.#queue.length && rows < maxBatch; i++) {
        const other = this.#queue[i]!;
        if (other.key !== oldest.key || rows + other.rows > maxBatch) continue;
        batch.push(other);
        rows += other.rows;
      }
    }
    const left = oldest.since + maxDelay - performance.now();
    if (oldest.key !== null && rows < maxBatch && left > 0 && this.#drained === undefined) {
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined;
        this.#dispatch();
      }, left);
      return undefined;
    }
    const taken = new Set(batch);
    this.#queue = batch.length === this.#queue.length ? [] : this.#queue.filter((one) => !taken.has(one));
    return batch;
  }

  /** Runs a batch; where that fails each request runs alone, so that none fails for another's sake. */
  async #answer(batch: readonly Waiting[]): Promise<void> {
    try {
      await this.#runTogether(batch);
    } catch (error) {
      // Nobody knows whose fault it was; one alone is tried again only where its worker was lost.
      if (batch.length === 1 && !(error instanceof WorkerLost)) return batch[0]!.reject(asFailure(error));
      for (const one of batch) {
        if (!one.isOver) await this.#runTogether([one]).catch((error) => one.reject(asFailure(error)));
      }
    }
  }

  async #runTogether(batch: readonly Waiting[]): Promise<void> {
    const begun = performance.now();
    const all = batch.map(({ feeds }) => feeds);
    const isJoined = batch[0]!.key !== null;
    const { outputs, compute } = await this.#run(isJoined ? joinRows(all) : copied(all[0]!));
    const rows = batch.reduce((sum, { rows }) => sum + rows, 0);
    this.#observer.ran(rows, compute);
    const ended = performance.now();
    let start = 0;
    for (const one of batch) {
      const end = start + one.rows;
      if (!one.isOver) {
        const { since } = one;
        this.#observer.done({ queue: begun - since, compute, total: ended - since, batch: rows });
        one.resolve(isJoined ? rowsOf(outputs, start, end) : outputs);
      }
      start = end;
    }
  }
}

function asFailure(error: unknown): ServiceError {
  if (error instanceof WorkerLost)
    return unavailable("the worker was lost while it ran the model: try again");
  return new ServiceError(500, error instanceof Error ? error.message : String(error));
}
