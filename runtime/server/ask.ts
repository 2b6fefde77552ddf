/** What a batcher is asked, within which limits, and what it tells of it. */
import type { Feeds } from "./feeds.ts";

export interface BatchLimits {
  /** Rows that run together at most; a request of more runs alone. */
  readonly maxBatch: number;
  /** How long a request waits for others at most, in milliseconds. */
  readonly maxDelay: number;
  /** Requests that wait at most; one more is refused. */
  readonly maxQueue: number;
  /**
   * How old requests may be, in milliseconds, while others are let in that would wait behind full batches; or as old as
   * four runs of the model, where these take longer. Where they are older there is an overload: none of these others is
   * let in until it is over, and fewer than before where many were refused.
   */
  readonly maxBacklog: number;
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

/** Told of every run, and of every request that was answered or failed. */
export interface BatchObserver {
  readonly ran: (rows: number, compute: number) => void;
  readonly done: (timing: Timing) => void;
  readonly failed: (total: number) => void;
}

export interface Ask {
  readonly feeds: Feeds;
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
