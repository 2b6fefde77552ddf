/** What a model has been asked for so far, counted as Triton's statistics extension counts. */
import type { BatchObserver, Timing } from "./ask.ts";

/** A count of events, and the time they took together. */
export interface Sum {
  count: number;
  /** Nanoseconds. */
  ns: number;
}

/** Told of every event, for whoever keeps more than sums. */
export interface Listener {
  readonly ran: (model: string, rows: number) => void;
  readonly done: (model: string, timing: Timing) => void;
}

/** The sums of one model, over all that was loaded under its name. */
export class Statistics implements BatchObserver {
  readonly success: Sum = { count: 0, ns: 0 };
  readonly failure: Sum = { count: 0, ns: 0 };
  readonly queue: Sum = { count: 0, ns: 0 };
  readonly compute: Sum = { count: 0, ns: 0 };
  /** Runs by the number of their rows. */
  readonly batches = new Map<number, Sum>();
  /** Rows. */
  inferences = 0;
  /** Runs. */
  executions = 0;
  /** Milliseconds since 1970; 0 before the first. */
  lastInference = 0;
  readonly #model: string;
  readonly #listener: Listener;

  constructor(model: string, listener: Listener) {
    this.#model = model;
    this.#listener = listener;
  }

  ran(rows: number, compute: number): void {
    this.executions++;
    this.inferences += rows;
    this.lastInference = Date.now();
    const sum = this.batches.get(rows) ?? { count: 0, ns: 0 };
    this.batches.set(rows, sum);
    add(sum, compute);
    this.#listener.ran(this.#model, rows);
  }

  done(timing: Timing): void {
    add(this.success, timing.total);
    add(this.queue, timing.queue);
    add(this.compute, timing.compute);
    this.#listener.done(this.#model, timing);
  }

  /** @param total milliseconds until the request was refused */
  failed(total: number): void {
    add(this.failure, total);
  }
}

function add(sum: Sum, milliseconds: number): void {
  sum.count++;
  sum.ns += Math.round(milliseconds * 1e6);
}
