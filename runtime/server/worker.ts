/** A worker thread: it holds a session of each model, opened when it is first asked for, and runs batches on it. */
import { workerData } from "node:worker_threads";
import type { Tensors } from "../../src/ir/tensor.ts";
import { requireOneFile } from "../../src/onnx/external.ts";
import { metadataIn, parseModel } from "../../src/onnx/metadata.ts";
import type { Port } from "../host/host.ts";
import { nodeHost } from "../host/node.ts";
import { saidBy } from "../host/trial.ts";
import { Session } from "../session.ts";
import { Calls } from "./calls.ts";
import { ServiceError } from "./error.ts";
import { type Feeds, tensorsIn } from "./feeds.ts";

/** What every worker is told when it starts. */
export interface WorkerSetup {
  /** Threads of ONNX Runtime a run. */
  readonly threads: number;
  /** See `Calls`. */
  readonly calls: SharedArrayBuffer;
}

/** A model as workers are told of it with every task. */
export interface ModelRef {
  readonly id: number;
  readonly name: string;
}

export interface Task {
  readonly model: ModelRef;
  /** The models that are still served; sessions of others are released. */
  readonly live: readonly number[];
  /** The `.onnx`, for a worker that has not opened it. */
  readonly bytes?: Uint8Array;
}

/** What a worker answers: what it throws itself is that the worker is gone. Refused is what can't be fed to a model. */
export type Answer<T> = { readonly value: T } | { readonly error: string; readonly isRefused: boolean };

/** What a run is fed with; and what a worker answers that has not opened the model, and was not given it. */
export interface Fed {
  readonly feeds: Feeds;
}

export interface Ports {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

export interface Signature extends Ports {
  /** What the file says of itself. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Whether a row's outputs depend on the rows beside it: dynamic quantisation finds one range for all of them. */
  readonly mixesRows: boolean;
}

export interface Ran {
  readonly outputs: Tensors;
  /** Milliseconds in ONNX Runtime. */
  readonly compute: number;
}

const { threads, calls: shared } = workerData as WorkerSetup;
const calls = new Calls(shared);

/** A model that is open. */
interface Held {
  readonly session: Promise<Session>;
  /** Tasks that use it: a thread takes up one while another waits for ONNX Runtime. */
  users: number;
}
const held = new Map<number, Held>();

/** Opens a model, and says what it takes and gives. */
export function open({ model, live, bytes }: Required<Task>): Promise<Answer<Signature>> {
  return answered(async () => {
    await sweep({ live });
    const parsed = parseModel(bytes, model.name);
    // ONNX Runtime would read other files wherever the model says that they lie.
    requireOneFile(bytes, model.name);
    const { inputs, outputs } = await using(
      held.get(model.id) ?? hold(model, bytes),
      async (session) => session,
    );
    const mixesRows = (parsed.graph?.node ?? []).some(({ opType }) => opType === "DynamicQuantizeLinear");
    return { inputs, outputs, metadata: metadataIn(parsed), mixesRows };
  });
}

/** Runs a model once. */
export async function run(task: Task & Fed): Promise<Answer<Ran> | Fed> {
  const { model, live, bytes, feeds } = task;
  const one = held.get(model.id) ?? (bytes && hold(model, bytes));
  if (one === undefined) return { feeds };
  return answered(() =>
    using(one, async (session) => {
      await sweep({ live });
      // Here, for it would be a twentieth of all that is done for a request where requests are read; of text, a third.
      const tensors = tensorsIn(feeds);
      const start = performance.now();
      const outputs = await calls.make(() => session.run(tensors));
      return { outputs, compute: performance.now() - start };
    }),
  );
}

/** Releases the sessions of all models but these; what is in use is left to a later task. */
export async function sweep({ live }: { readonly live: readonly number[] }): Promise<void> {
  for (const [id, { session, users }] of held) {
    if (live.includes(id) || users > 0) continue;
    held.delete(id);
    await session.then((session) => calls.make(() => session.release()));
  }
}

/** Does something with a model's session, which is not released meanwhile. */
async function using<T>(one: Held, work: (session: Session) => Promise<T>): Promise<T> {
  one.users++;
  try {
    return await work(await one.session);
  } finally {
    one.users--;
  }
}

function hold({ id, name }: ModelRef, bytes: Uint8Array): Held {
  const one = { session: calls.make(() => Session.load(bytes, name, nodeHost, { threads })), users: 0 };
  held.set(id, one);
  one.session.catch(() => held.delete(id));
  return one;
}

async function answered<T>(work: () => Promise<T>): Promise<Answer<T>> {
  try {
    return { value: await work() };
  } catch (error) {
    return { error: saidBy(error), isRefused: error instanceof ServiceError };
  }
}
