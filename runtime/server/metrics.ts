/** What Prometheus is told, under Triton's names where it has one. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Timing } from "./ask.ts";
import type { ModelState } from "./model.ts";
import type { Listener, Statistics } from "./statistics.ts";

const labelNames = ["model", "version"] as const;
type Labels = (typeof labelNames)[number];

/** Counters that Triton has too; its durations are microseconds. */
const counters: readonly [name: string, help: string, value: (of: Statistics) => number][] = [
  ["nv_inference_request_success", "Requests that were answered", ({ success }) => success.count],
  ["nv_inference_request_failure", "Requests that failed or were refused", ({ failure }) => failure.count],
  ["nv_inference_count", "Rows that were run", ({ inferences }) => inferences],
  ["nv_inference_exec_count", "Runs of the model", ({ executions }) => executions],
  [
    "nv_inference_request_duration_us",
    "Time of requests, waiting included",
    ({ success }) => success.ns / 1e3,
  ],
  ["nv_inference_queue_duration_us", "Time that requests waited", ({ queue }) => queue.ns / 1e3],
  [
    "nv_inference_compute_infer_duration_us",
    "Time of requests in the model",
    ({ compute }) => compute.ns / 1e3,
  ],
];

/** Node's own metrics, which are the process's: measuring the event loop does not end with a service. */
let ofProcess: Registry | undefined;

function processMetrics(): Registry {
  if (ofProcess === undefined) {
    ofProcess = new Registry();
    collectDefaultMetrics({ register: ofProcess });
  }
  return ofProcess;
}

export class Metrics implements Listener {
  readonly registry = Registry.merge([processMetrics()]);
  readonly #batch: Histogram<Labels>;
  readonly #queue: Histogram<Labels>;

  /** @param index says which models there are */
  constructor(index: () => readonly ModelState[]) {
    const registers = [this.registry];
    for (const [name, help, value] of counters) {
      new Counter({
        name,
        help,
        labelNames,
        registers,
        collect() {
          this.reset();
          for (const { name, statistics } of index())
            this.inc({ model: name, version: "1" }, value(statistics));
        },
      });
    }
    new Gauge({
      name: "nv_inference_pending_request_count",
      help: "Requests that wait",
      labelNames,
      registers,
      collect() {
        for (const { name, model } of index()) this.set({ model: name, version: "1" }, model?.waiting ?? 0);
      },
    });
    this.#batch = new Histogram({
      name: "isthmus_batch_size",
      help: "Rows that ran together",
      labelNames,
      registers,
      buckets: [1, 2, 4, 8, 16, 32, 64, 128],
    });
    this.#queue = new Histogram({
      name: "isthmus_queue_seconds",
      help: "How long a request waited before it ran",
      labelNames,
      registers,
      buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5],
    });
  }

  ran(model: string, rows: number): void {
    this.#batch.observe({ model, version: "1" }, rows);
  }

  done(model: string, { queue }: Timing): void {
    this.#queue.observe({ model, version: "1" }, queue / 1e3);
  }
}
