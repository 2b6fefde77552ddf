/** Training by the graph of one step, with the state in the memory of a GPU from the first step on. */
import { packed, packedSize, residentStepGraph } from "../../graphs/resident-step.ts";
import { stepGraph } from "../../graphs/step.ts";
import type { Images } from "../../src/data/images.ts";
import { type Tensor, type Tensors, tensor } from "../../src/ir/tensor.ts";
import type { Host } from "../host/host.ts";
import { dispose, type HostOptions, onHost, type Placed } from "../host/host.ts";
import { Session } from "../session.ts";
import { openAll, releaseAll } from "../turn.ts";
import { openCopy } from "./copy.ts";
import type { Engine, EngineOptions, OpenEngine, StepFeeds, Task } from "./engine.ts";
import { lossesOf, nextState } from "./results.ts";

/** The largest buffer that every WebGPU device can bind (the specification's default `maxStorageBufferBindingSize`). */
const LARGEST_BUFFER = 128 * 2 ** 20;

/** Images that lie on the device until they are released. */
interface Resident {
  readonly placed: Placed;
  readonly release: () => Promise<void>;
}

/**
 * A `Scan` on WebGPU would copy the state through the host at every step, so the steps are runs of their own. Where
 * the images fit they lie on the device as well; else each step's batch is sent.
 */
export const openSteps: OpenEngine = (task, options) => openAll((releases) => open(task, options, releases));

async function open(
  { description, config, images, state: first }: Task,
  { host, ...options }: EngineOptions,
  releases: (() => Promise<void> | void)[],
): Promise<Engine> {
  const keep = Object.keys(first).map((name) => `${name}.next`);
  const isResident = 4 * packedSize(images) <= LARGEST_BUFFER;
  const graph = isResident ? residentStepGraph(description, config) : stepGraph(description, config);
  const session = await Session.open(graph, host, { ...options, keep });
  releases.push(() => session.release());
  const download = await openCopy(first, "host", host, options);
  releases.push(download.release);
  const isLabelled = session.inputs.some(({ name }) => name === "labels" || name === "label");
  const resident = isResident ? await reside(images, isLabelled, host, options) : undefined;
  if (resident !== undefined) releases.push(resident.release);
  let state: Placed = first;

  const batchAt = (feeds: StepFeeds, step: number): Placed => {
    const index = element(feeds.index, step);
    if (resident !== undefined) return { ...resident.placed, index };
    const batch = images.pick(index.data);
    return { image: batch.toTensor(), ...(isLabelled && { label: batch.labelTensor() }) };
  };
  return {
    run: async (feeds) => {
      const results: Tensors[] = [];
      for (let step = 0; step < feeds.index.shape[0]!; step++) {
        const { index: _, ...sequences } = feeds;
        const given = Object.entries(sequences).map(([name, all]) => [name, element(all, step)] as const);
        const result = await session.place({
          ...state,
          ...batchAt(feeds, step),
          ...Object.fromEntries(given),
        });
        const before = state;
        state = nextState(state, result);
        dispose(before);
        results.push(onHost(result));
      }
      return lossesOf(results);
    },
    placed: () => state,
    state: async () => onHost(await download.of(state)),
    // What a session made is gone with it, so the state goes first.
    release: () => releaseAll([...releases, () => dispose(state)]),
  };
}

/** Puts the images on the device, and their labels if they are asked for. */
function reside(images: Images, isLabelled: boolean, host: Host, options: HostOptions): Promise<Resident> {
  return openAll(async (releases) => {
    const all = { images: packed(images), ...(isLabelled && { labels: images.labelTensor() }) };
    const upload = await openCopy(all, "device", host, options);
    releases.push(upload.release);
    const placed = await upload.of(all);
    return { placed, release: () => releaseAll([...releases, () => dispose(placed)]) };
  });
}

/** One element along the first axis, as a view. */
export function element<T extends Tensor<"float32"> | Tensor<"int32">>(
  { dtype, shape: [count = 1, ...rest], data }: T,
  at: number,
): T {
  const size = data.length / count;
  return tensor(dtype, rest, data.subarray(at * size, (at + 1) * size) as never) as T;
}
