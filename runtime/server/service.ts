/** The service behind any interface: which models are loaded, loading and unloading them, and an end that drains. */
import type { Worker } from "node:worker_threads";
import { fail, IsthmusError } from "../../src/ir/error.ts";
import { ServiceError, unavailable } from "./error.ts";
import { WorkerLost } from "./failure.ts";
import { Metrics } from "./metrics.ts";
import { type ModelLimits, type ModelState, ServedModel } from "./model.ts";
import { type PoolOptions, WorkerPool } from "./pool.ts";
import { findModels, type ModelSource, readModel, stampOf } from "./repository.ts";
import { Statistics } from "./statistics.ts";

/** How a service runs its models, and what it takes at most; what is not given is as `isthmus serve --help` says. */
export interface ServiceOptions extends PoolOptions, Partial<ModelLimits> {
  /** How often files are looked at, in milliseconds: a model whose file has changed is loaded anew; 0 for never. */
  readonly watch?: number | undefined;
  /** Told in a line what goes on beside requests: models loaded, and what was wrong with one. */
  readonly onEvent?: ((event: ServiceEvent) => void) | undefined;
}

/** Something that happened beside requests. */
export interface ServiceEvent {
  /** The model that it happened to; none where a worker ended that ran none. */
  readonly model?: string | undefined;
  readonly message: string;
  /** What was wrong; it may name a path. */
  readonly error?: unknown;
}

export const defaultLimits: ModelLimits = {
  maxBatch: 32,
  maxDelay: 2,
  maxQueue: 256,
  maxBacklog: 5,
  timeout: 30_000,
  maxElements: 2 ** 24,
};

interface Entry {
  readonly source: ModelSource;
  readonly statistics: Statistics;
  model: ServedModel | null;
  reason: string;
  /** Of the file that is loaded, or was tried last. */
  stamp: string;
  /** Of the file that was to be loaded last: one that can't be read yet is tried again, and told of once. */
  unread: string;
  /** What is being done to it: one thing after the other. */
  turn: Promise<void>;
}

/**
 * Models in worker threads, each with a queue that runs requests together: `InferenceService.open(["runs/demo"])`, then
 * `service.model("demo-encoder").infer({ image })`, with HTTP around it (`inferencePlugin`) or without.
 */
export class InferenceService {
  readonly metrics: Metrics;
  readonly #pool: WorkerPool;
  readonly #limits: ModelLimits;
  readonly #options: ServiceOptions;
  readonly #paths: readonly string[];
  readonly #entries = new Map<string, Entry>();
  readonly #told = new Set<string>();
  #watcher: NodeJS.Timeout | undefined;
  #isEnding = false;
  #isClosing = false;

  private constructor(paths: readonly string[], sources: readonly ModelSource[], options: ServiceOptions) {
    this.#paths = paths;
    this.#options = options;
    const given = Object.entries(options).filter(([, value]) => value !== undefined);
    this.#limits = { ...defaultLimits, ...Object.fromEntries(given) };
    this.#pool = new WorkerPool(options, (error, model) =>
      options.onEvent?.({ model, message: "a worker was lost", error }),
    );
    this.metrics = new Metrics(() => this.index());
    for (const source of sources) this.#add(source, "");
  }

  /**
   * Loads the models that some paths stand for (see `findModels`). Throws where there is none at one, two have one
   * name, or one can't be loaded.
   */
  static async open(paths: readonly string[], options: ServiceOptions = {}): Promise<InferenceService> {
    const sources = (await Promise.all(paths.map((path) => findModels(path)))).flat();
    for (const { name, path } of sources) {
      const other = sources.find((source) => source.name === name && source.path !== path);
      if (other)
        fail(name, `is the name of two models, ${other.path} and ${path}: NAME=PATH gives one another`);
    }
    const service = new InferenceService(paths, sources, options);
    try {
      for (const entry of service.#entries.values()) await service.#change(entry, () => service.#load(entry));
    } catch (error) {
      await service.close();
      throw error;
    }
    service.#watch();
    return service;
  }

  get workers(): number {
    return this.#pool.workers;
  }

  get threads(): number {
    return this.#pool.threads;
  }

  /** Milliseconds that a request may take at most. */
  get timeout(): number {
    return this.#limits.timeout;
  }

  /** The worker threads as they are now, for whoever watches them: one that ends is replaced. */
  get workerThreads(): readonly Worker[] {
    return this.#pool.workerThreads;
  }

  /** Whether every model is loaded, and none is on its way out. */
  get isReady(): boolean {
    return (
      !this.#isEnding &&
      [...this.#entries.values()].every(({ model, stamp }) => model !== null || stamp === "")
    );
  }

  /** Whether its end was announced. */
  get isEnding(): boolean {
    return this.#isEnding;
  }

  /** All models that there are. */
  index(): readonly ModelState[] {
    return [...this.#entries].map(([name, { model, reason, statistics }]) => ({
      name,
      model,
      reason,
      statistics,
    }));
  }

  /** A loaded model. Throws `ServiceError`: 404 where there is none of that name and version, 503 where it is unloaded. */
  model(name: string, version?: string): ServedModel {
    const { model, reason } = this.#entry(name);
    if (this.#isClosing) throw unavailable("the service is shutting down");
    if (model === null) throw unavailable(`model ${name} is not loaded: ${reason}`);
    if (version !== undefined && version !== model.version)
      throw new ServiceError(404, `model ${name} has no version ${version}, but ${model.version}`);
    return model;
  }

  /** A model, if it is there and loaded. */
  loaded(name: string): ServedModel | undefined {
    return this.#isClosing ? undefined : (this.#entries.get(name)?.model ?? undefined);
  }

  /** Looks for models that have come into a folder since; they are there to be loaded. */
  async refresh(): Promise<void> {
    for (const path of this.#paths) {
      // What is not there any more is served from memory.
      const sources = await findModels(path, (error) => this.#tellOnce(error)).catch(() => []);
      for (const source of sources) if (!this.#entries.has(source.name)) this.#add(source, "not loaded yet");
    }
  }

  /** Loads a model, or loads it anew. Throws `ServiceError`; one that was loaded before stays as it was then. */
  async load(name: string): Promise<void> {
    if (!this.#entries.has(name)) await this.refresh();
    await this.#loadTold(this.#entry(name), true);
  }

  /** Unloads a model when all that was asked of it is answered. Throws `ServiceError`. */
  async unload(name: string): Promise<void> {
    const entry = this.#entry(name);
    await this.#change(entry, async () => {
      const { model } = entry;
      entry.model = null;
      entry.reason = "unloaded";
      await model?.retire();
    });
    this.#options.onEvent?.({ model: name, message: "model unloaded" });
  }

  /** From now on it is not ready: whoever sends requests is to send them elsewhere. What comes yet is answered. */
  announceEnd(): void {
    this.#isEnding = true;
  }

  /** Answers what was asked, refuses what is new, and ends the workers. */
  async close(): Promise<void> {
    this.announceEnd();
    this.#isClosing = true;
    clearInterval(this.#watcher);
    await Promise.all([...this.#entries.values()].map(({ turn, model }) => turn.then(() => model?.retire())));
    await this.#pool.close();
  }

  /** Of a file that no request is about. */
  #tellOnce(error: unknown): void {
    const message = String(error);
    if (this.#told.has(message)) return;
    this.#told.add(message);
    this.#options.onEvent?.({ message: "a file is no model", error });
  }

  #add(source: ModelSource, reason: string): void {
    const statistics = new Statistics(source.name, this.metrics);
    const turn = Promise.resolve();
    this.#entries.set(source.name, { source, statistics, model: null, reason, stamp: "", unread: "", turn });
  }

  #entry(name: string): Entry {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw new ServiceError(404, `there is no model ${JSON.stringify(name)}`);
    return entry;
  }

  async #loadTold(entry: Entry, isNews: boolean): Promise<void> {
    const { name } = entry.source;
    await this.#change(entry, () => this.#load(entry)).catch((error) => {
      if (isNews) this.#options.onEvent?.({ model: name, message: "model could not be loaded", error });
      // What went wrong may name a path of this machine.
      throw new ServiceError(400, `model ${name} could not be loaded`);
    });
  }

  #change(entry: Entry, work: () => Promise<void>): Promise<void> {
    const done = entry.turn.then(work);
    entry.turn = done.catch(() => {});
    return done;
  }

  async #load(entry: Entry): Promise<void> {
    const { source, statistics, model: before } = entry;
    const { bytes, stamp } = await readModel(source);
    entry.stamp = stamp;
    const open = () => this.#pool.open(source.name, bytes);
    const { file, signature } = await open().catch((error) => {
      // It may not have been the model's fault; where it was, each further time would take another worker.
      if (error instanceof WorkerLost) return open();
      throw error;
    });
    entry.model = new ServedModel(file, signature, this.#pool, this.#limits, statistics);
    entry.reason = "";
    this.#options.onEvent?.({
      model: source.name,
      message: before === null ? "model loaded" : "model loaded anew",
    });
    // Nobody who asks for a model waits for the one before it.
    void before?.retire();
  }

  #watch(): void {
    const { watch = 1000 } = this.#options;
    if (watch === 0) return;
    let isLooking = false;
    this.#watcher = setInterval(async () => {
      if (isLooking) return;
      isLooking = true;
      for (const entry of this.#entries.values()) await this.#look(entry);
      isLooking = false;
    }, watch).unref();
  }

  async #look(entry: Entry): Promise<void> {
    const { source } = entry;
    // A file that is gone for a moment is being replaced; one that is gone for good is served from memory.
    const stamp = await stampOf(source).catch(() => entry.stamp);
    if (entry.model === null || stamp === entry.stamp) return;
    const isKnown = stamp === entry.unread;
    entry.unread = stamp;
    await this.#loadTold(entry, !isKnown).catch((error) => {
      if (!(error instanceof ServiceError) && !(error instanceof IsthmusError)) throw error;
    });
  }
}
