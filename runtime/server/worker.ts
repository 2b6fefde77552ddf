/** A worker thread: it holds a session of each model, opened when it is first asked for, and runs batches on it. */
import { workerData } from "node:worker_threads";
import type { Tensors } from "../../src/ir/tensor.ts";
import { requireOneFile } from "../../src/onnx/external.ts";
import { metadataIn, parseModel } from "../../src/onnx/metadata.ts";
import type { Port } from "../host/host.ts";
import { nodeHost } from "../host/node.ts";
import { saidBy } from "../host/trial.ts";
import { Session } from "../session.ts";

/** What every worker is told when it starts. */
export interface WorkerSetup {
  /** Threads of ONNX Runtime a run. */
  readonly threads: number;
}

/** A model as workers are told of it with every task: a worker may be new. */
export interface ModelFile {
  readonly id: number;
  readonly name: string;
  /** The bytes of the `.onnx`, in shared memory. */
  readonly bytes: Uint8Array;
}

export interface Task {
  readonly model: ModelFile;
  /** The models that are still served; sessions of others are released. */
  readonly live: readonly number[];
}

/** What a worker answers: what it throws itself is that the worker is gone. */
export type Answer<T> = { readonly value: T } | { readonly error: string };

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

const { threads } = workerData as WorkerSetup;
const sessions = new Map<number, Promise<Session>>();

/** Opens a model, and says what it takes and gives. */
export function open({ model, live }: Task): Promise<Answer<Signature>> {
  return answered(async () => {
    await sweep({ live });
    const parsed = parseModel(new Uint8Array(model.bytes), model.name);
    // ONNX Runtime would read other files wherever the model says that they lie.
    requireOneFile(parsed, model.name);
    const { inputs, outputs } = await sessionOf(model);
    const mixesRows = (parsed.graph?.node ?? []).some(({ opType }) => opType === "DynamicQuantizeLinear");
    return { inputs, outputs, metadata: metadataIn(parsed), mixesRows };
  });
}

/** Runs a model once. */
export function run({ model, live, feeds }: Task & { readonly feeds: Tensors }): Promise<Answer<Ran>> {
  return answered(async () => {
    await sweep({ live });
    const session = await sessionOf(model);
    const start = performance.now();
    const outputs = await session.run(feeds);
    return { outputs, compute: performance.now() - start };
  });
}

/** Releases the sessions of all models but these. */
export async function sweep({ live }: { readonly live: readonly number[] }): Promise<void> {
  for (const [id, session] of sessions) {
    if (live.includes(id)) continue;
    sessions.delete(id);
    await session.then((session) => session.release());
  }
}

function sessionOf({ id, name, bytes }: ModelFile): Promise<Session> {
  const known = sessions.get(id);
  if (known !== undefined) return known;
  // A copy: ONNX Runtime does not read shared memory.
  const opened = Session.load(new Uint8Array(bytes), name, nodeHost, { threads });
  sessions.set(id, opened);
  opened.catch(() => sessions.delete(id));
  return opened;
}

async function answered<T>(work: () => Promise<T>): Promise<Answer<T>> {
  try {
    return { value: await work() };
  } catch (error) {
    return { error: saidBy(error) };
  }
}
