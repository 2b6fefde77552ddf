/** The worker threads that run models: `session.run` blocks the thread that calls it until the graph is done. */
import { availableParallelism } from "node:os";
import { setImmediate as turn } from "node:timers/promises";
import type { Worker } from "node:worker_threads";
import { Piscina } from "piscina";
import { fail, IsthmusError } from "../../src/ir/error.ts";
import { scriptBeside } from "../host/child.ts";
import { Calls } from "./calls.ts";
import { ServiceError } from "./error.ts";
import { WorkerLost } from "./failure.ts";
import { type Feeds, isWritten } from "./feeds.ts";
import type { Answer, Fed, ModelRef, Ran, Signature, Task, WorkerSetup } from "./worker.ts";

/** A model with its bytes, for workers that have not opened it: new ones, and those that were busy then. */
export interface ModelFile extends ModelRef {
  readonly bytes: Uint8Array;
}

/** How the cores are shared out. */
export interface PoolOptions {
  /** Worker threads; as many as there are cores but one where not given, up to eight. */
  readonly workers?: number | undefined;
  /** Threads of ONNX Runtime in each worker. */
  readonly threads?: number | undefined;
}

/** Milliseconds before workers that end while they start are started again. */
const RESTART = 250;

/** One core is the event loop's; each of the others has a worker of one thread, up to eight: each holds every model. */
export function chosenThreads({ workers, threads }: PoolOptions): { workers: number; threads: number } {
  const cores = Math.max(1, availableParallelism() - 1);
  const count = workers ?? Math.max(1, Math.min(8, Math.floor(cores / (threads ?? 1))));
  return { workers: count, threads: threads ?? Math.max(1, Math.floor(cores / count)) };
}

/** Worker threads, each with a session of every model that is served; one that ends is replaced. */
export class WorkerPool {
  readonly workers: number;
  readonly threads: number;
  readonly #onLost: (error: Error, model?: string) => void;
  #pool: Piscina;
  #isClosed = false;
  #live: readonly number[] = [];
  #next = 1;

  /** @param onLost is told why a worker ended, and which model it ran */
  constructor(options: PoolOptions = {}, onLost: (error: Error, model?: string) => void = () => {}) {
    const { workers, threads } = chosenThreads(options);
    this.#onLost = onLost;
    this.workers = workers;
    this.threads = threads;
    this.#pool = this.#start();
  }

  /** Opens a model in every worker. Throws, naming it, where ONNX Runtime refuses it. */
  async open(
    name: string,
    bytes: Uint8Array,
  ): Promise<{ readonly file: ModelFile; readonly signature: Signature }> {
    // A buffer of its own: workers are sent copies of the whole of it. Shared memory is not what garbage collection
    // weighs, so that models which were replaced would stay for hours.
    const file: ModelFile = { id: this.#next++, name, bytes: new Uint8Array(bytes) };
    this.#live = [...this.#live, file.id];
    try {
      // As many as there are workers: they go to one each while none is busy. Requests are read between the copies, of
      // which one of 100 MB may take a tenth of a second.
      const opening: Promise<Answer<Signature>>[] = [];
      for (let i = 0; i < this.workers; i++) {
        const one = this.#ask<Answer<Signature>>("open", file, { bytes: file.bytes });
        // It is heard below, which may be too late for the process.
        one.catch(() => {});
        opening.push(one);
        await turn();
      }
      const [signature = fail(name, "no worker opened it")] = (await Promise.all(opening)).map(valueIn);
      return { file, signature };
    } catch (error) {
      this.forget(file);
      throw error;
    }
  }

  /** Runs a model once; the feeds' memory is given away. Throws what ONNX Runtime says, a 400 or `WorkerLost`. */
  async run(model: ModelFile, feeds: Feeds): Promise<Ran> {
    const answer = await this.#ask<Answer<Ran> | Fed>("run", model, { feeds });
    if (!("feeds" in answer)) return valueIn(answer);
    // To whichever worker this goes, it can do it.
    return valueIn(await this.#ask<Answer<Ran>>("run", model, { feeds: answer.feeds, bytes: model.bytes }));
  }

  /** Has every worker release a model that is served no longer. */
  forget({ id }: ModelFile): void {
    this.#live = this.#live.filter((live) => live !== id);
    const task = { live: this.#live };
    for (let i = 0; i < this.workers; i++) this.#pool.run(task, { name: "sweep" }).catch(() => {});
  }

  /** The worker threads as they are now. */
  get workerThreads(): readonly Worker[] {
    return this.#pool.threads;
  }

  /** Ends the workers when they have done what they do. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#pool.close();
  }

  #start(): Piscina {
    const { path, execArgv } = scriptBeside(import.meta.url, "worker");
    const calls = new Calls();
    const pool = new Piscina({
      filename: path,
      minThreads: this.workers,
      maxThreads: this.workers,
      // One runs, one is ready to.
      concurrentTasksPerWorker: 2,
      ...(execArgv && { execArgv }),
      workerData: { threads: this.threads, calls: calls.shared } satisfies WorkerSetup,
    });
    const guarded = new WeakSet<Worker>();
    pool.on("workerCreate", () => {
      for (const worker of pool.threads) {
        if (!guarded.has(worker)) calls.guard(worker);
        guarded.add(worker);
      }
    });
    // A worker that ends while it does nothing is replaced, too.
    pool.on("error", (error: Error) => this.#onLost(error));
    // Piscina gives up for good when a worker ends while it starts: then a new pool takes over.
    pool.on("workerDestroy", () => setTimeout(() => this.#revive(pool), RESTART).unref());
    return pool;
  }

  #revive(pool: Piscina): void {
    if (this.#isClosed || pool !== this.#pool || pool.threads.length >= this.workers) return;
    this.#pool = this.#start();
    // What waits in the old one is lost there, and asked again here.
    void pool.destroy();
  }

  #ask<T>(name: "open" | "run", model: ModelRef, given: Pick<Task, "bytes"> & Partial<Fed>): Promise<T> {
    const task = { ...given, model: { id: model.id, name: model.name }, live: this.#live };
    const transferList = Object.values(given.feeds ?? {}).map(
      (fed) => (isWritten(fed) ? fed.text : fed.data).buffer as ArrayBuffer,
    );
    return this.#pool.run(task, { name, transferList }).catch((error: Error) => {
      this.#onLost(error, model.name);
      throw new WorkerLost(error.message);
    });
  }
}

function valueIn<T>(answer: Answer<T>): T {
  if ("error" in answer)
    throw answer.isRefused ? new ServiceError(400, answer.error) : new IsthmusError(answer.error);
  return answer.value;
}
