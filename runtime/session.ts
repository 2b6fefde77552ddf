/** A model on a device: feeds are checked before the native call, and its errors point at the code that built a node. */
import { IsthmusError } from "../src/ir/error.ts";
import { type Graph, graphNodes, type Values } from "../src/ir/graph.ts";
import { nameGraph } from "../src/ir/name.ts";
import type { Tensor } from "../src/ir/tensor.ts";
import type { Value } from "../src/ir/value.ts";
import { encode } from "../src/onnx/encode.ts";
import type { DeviceTensor, Host, HostSession, Placed, Port, SessionOptions } from "./host/host.ts";
import { saidBy } from "./host/trial.ts";
import { requireFeeds } from "./ports.ts";

/** Tensors of the dtypes that a graph's values have. */
export type TensorsOf<V extends Values> = {
  readonly [K in keyof V]: V[K] extends Value<infer D> ? Tensor<D> : never;
};

/** What those are fed with: each on the host, or on the device of the session. */
export type FeedsOf<V extends Values> = {
  readonly [K in keyof V]: TensorsOf<V>[K] | DeviceTensor;
};

/** One model of ONNX Runtime, ready to run: tensors by name in, tensors by name out, until it is released. */
export class Session<I extends Values = Values, O extends Values = Values> {
  readonly #native: HostSession;
  readonly #subject: string;
  readonly #places: ReadonlyMap<string, string>;

  private constructor(native: HostSession, subject: string, places: ReadonlyMap<string, string>) {
    this.#native = native;
    this.#subject = subject;
    this.#places = places;
  }

  /** Opens a graph. Throws one line, with the place that built the node, where the device refuses one. */
  static async open<I extends Values, O extends Values>(
    graph: Graph<I, O>,
    host: Host,
    options: SessionOptions = {},
  ): Promise<Session<I, O>> {
    const places = placesOf(graph);
    const native = await host
      .open(encode(graph), options)
      .catch((error) => refused(graph.name, error, places));
    return new Session<I, O>(native, graph.name, places);
  }

  /** Opens the bytes of an `.onnx` file; `subject` names it in errors. */
  static async load(
    model: Uint8Array,
    subject: string,
    host: Host,
    options: SessionOptions = {},
  ): Promise<Session> {
    const native = await host.open(model, options).catch((error) => refused(subject, error, new Map()));
    return new Session(native, subject, new Map());
  }

  /** What it has to be fed with: names, dtypes and shapes, in which a dimension of any size has a name. */
  get inputs(): readonly Port[] {
    return this.#native.inputs;
  }

  /** What a run gives, in the same words. */
  get outputs(): readonly Port[] {
    return this.#native.outputs;
  }

  /** Runs the model once. Throws where a feed is missing, unknown, or of another dtype or shape than the model's. */
  async run(feeds: FeedsOf<I>): Promise<TensorsOf<O>> {
    return (await this.place(feeds as Placed)) as TensorsOf<O>;
  }

  /** As `run`, where some outputs stay on the device; whoever asked for that disposes of them. */
  async place(feeds: Placed): Promise<Placed> {
    requireFeeds(this.#subject, this.#native.inputs, feeds);
    return this.#native.run(feeds).catch((error) => refused(this.#subject, error, this.#places));
  }

  /** Frees the model's memory; the session is of no use afterwards. */
  async release(): Promise<void> {
    await this.#native.release();
  }
}

/** The place that built each node, by the node's name in the file; loop bodies included. */
function placesOf(graph: Graph, prefix = ""): Map<string, string> {
  const names = nameGraph(graph, prefix);
  const places = new Map<string, string>();
  for (const node of graphNodes(graph)) {
    if (node.place !== undefined) places.set(names.node(node), node.place);
    if (node.op === "Scan") {
      for (const [name, place] of placesOf(node.attributes.body, `${names.node(node)}/`))
        places.set(name, place);
    }
  }
  return places;
}

/** ONNX Runtime's error as one line; the longest node name in it says where the node was built. */
function refused(subject: string, error: unknown, places: ReadonlyMap<string, string>): never {
  // What Isthmus itself finds wrong is no word of ONNX Runtime's.
  if (error instanceof IsthmusError) throw error;
  const message = error instanceof Error ? error.message : String(error);
  const named = [...places.keys()]
    .filter((name) => message.includes(name))
    .sort((a, b) => b.length - a.length);
  throw new IsthmusError(
    `${subject}: ONNX Runtime: ${saidBy(error)}`,
    named[0] === undefined ? undefined : places.get(named[0]),
  );
}
