/** A model that is served: what it takes and gives, and its queue. */
import { IsthmusError } from "../../src/ir/error.ts";
import { sizeOf, type Tensors } from "../../src/ir/tensor.ts";
import type { Port } from "../host/host.ts";
import { requireFeeds } from "../ports.ts";
import type { Aborted, BatchLimits } from "./ask.ts";
import { isBatched, keyOf, type OpenAxes, openAxes } from "./batch.ts";
import { Batcher } from "./batcher.ts";
import { overloaded, refuse, ServiceError } from "./error.ts";
import type { Feeds } from "./feeds.ts";
import type { ModelFile, WorkerPool } from "./pool.ts";
import type { Statistics } from "./statistics.ts";
import type { Signature } from "./worker.ts";

/** What a model takes at most. */
export interface ModelLimits extends BatchLimits {
  /** Elements of all inputs of a request together at most, and of all outputs; an eighth of it of those in JSON. */
  readonly maxElements: number;
}

/** Of one request. */
export interface InferOptions {
  /** An `AbortSignal` or the like: one that is aborted when its turn comes does not run. */
  readonly signal?: Aborted | undefined;
  /** Milliseconds that it may take; no more than the service's own limit. */
  readonly timeout?: number | undefined;
}

/** A model that there is, loaded or not. */
export interface ModelState {
  readonly name: string;
  readonly model: ServedModel | null;
  /** Why it is not loaded. */
  readonly reason: string;
  readonly statistics: Statistics;
}

/** A loaded model, until it is unloaded or loaded anew: what it takes and gives (`inputs`, `outputs`), and `infer`. */
export class ServedModel {
  readonly name: string;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** What the file says of itself: `isthmus.image` and the like, each a JSON text. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly statistics: Statistics;
  readonly #batcher: Batcher;
  readonly #limits: ModelLimits;
  readonly #isBatched: boolean;
  readonly #openAxes: OpenAxes;
  /** Elements of all outputs of one row, at least: axes of any length count as one. */
  readonly #outputRow: number;
  readonly #release: () => void;

  constructor(
    file: ModelFile,
    signature: Signature,
    pool: WorkerPool,
    limits: ModelLimits,
    statistics: Statistics,
  ) {
    this.name = file.name;
    this.inputs = signature.inputs;
    this.outputs = signature.outputs;
    this.metadata = signature.metadata;
    this.statistics = statistics;
    this.#limits = limits;
    this.#isBatched = isBatched(signature);
    this.#openAxes = openAxes(signature);
    this.#outputRow = this.outputs.reduce((sum, { shape }) => sum + leastOf(shape.slice(1)), 0);
    this.#batcher = new Batcher((feeds) => pool.run(file, feeds), pool.workers, limits, statistics);
    this.#release = () => pool.forget(file);
  }

  /** The one version there is of a model: what is loaded under its name. */
  get version(): string {
    return "1";
  }

  /** Requests that wait. */
  get waiting(): number {
    return this.#batcher.waiting;
  }

  /** Whether a request has to be refused, since too many are under way; counts it then. `held`: see `Batcher.admits`. */
  shed(held = 0): boolean {
    if (this.#batcher.admits(held)) return false;
    this.statistics.failed(0);
    return true;
  }

  /** Throws a 503 where no further request may wait: worth asking before a body is read. */
  requireRoom(): void {
    if (this.shed()) throw overloaded();
  }

  /**
   * Outputs for these inputs, by name; rows along a named first axis run with those of others. Throws `ServiceError`:
   * 400 or 413 where the inputs don't fit the model, 503 where it is too busy, 504 where it takes too long. Whether all
   * numbers are finite, and text is numbers, is seen when its turn comes.
   */
  infer(feeds: Feeds, { signal, timeout }: InferOptions = {}): Promise<Tensors> {
    const since = performance.now();
    try {
      this.#require(feeds);
    } catch (error) {
      this.statistics.failed(performance.now() - since);
      return Promise.reject(error);
    }
    const rows = this.#isBatched ? feeds[this.inputs[0]!.name]!.shape[0]! : 1;
    const key = this.#isBatched ? keyOf(this.#openAxes, feeds) : null;
    return this.#batcher.ask({ feeds, rows, key, signal, timeout });
  }

  /** Settles when all that was asked of it is answered; then its memory is freed. */
  async retire(): Promise<void> {
    await this.#batcher.drain();
    this.#release();
  }

  #require(feeds: Feeds): void {
    try {
      requireFeeds(this.name, this.inputs, feeds);
    } catch (error) {
      if (error instanceof IsthmusError) refuse(error.message);
      throw error;
    }
    let elements = 0;
    for (const { name } of this.inputs) {
      const { shape } = feeds[name]!;
      const size = sizeOf(shape);
      if (size === 0) refuse(`${this.name}: input ${name} of shape [${shape}] is empty`);
      elements += size;
    }
    this.#requireFew(elements, this.#limits.maxElements, "elements in one request, and at most", "are taken");
    if (this.#isBatched) this.requireAnswerable(this.#outputRow * feeds[this.inputs[0]!.name]!.shape[0]!);
  }

  /** Throws a 413 where an answer has more elements than are sent, or more in JSON: what writes them does nothing else. */
  requireAnswerable(elements: number, inJson = 0): void {
    const { maxElements } = this.#limits;
    this.#requireFew(elements, maxElements, "elements in the answer, and at most", "are sent");
    const most = Math.floor(maxElements / 8);
    this.#requireFew(
      inJson,
      most,
      "elements of JSON in the answer, and at most",
      "are sent so: ask for binary data",
    );
  }

  #requireFew(elements: number, most: number, what: string, verb: string): void {
    if (elements > most) throw new ServiceError(413, `${this.name}: ${elements} ${what} ${most} ${verb}`);
  }
}

function leastOf(shape: Port["shape"]): number {
  return sizeOf(shape.map((dim) => (typeof dim === "number" ? dim : 1)));
}
