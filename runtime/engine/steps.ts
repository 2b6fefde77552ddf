/** Training by the graph of one step, with the state in the memory of a GPU from the first step on. */
import { packed, packedSize, residentStepGraph } from "../../graphs/resident-step.ts";
import { stepGraph } from "../../graphs/step.ts";
import type { Images } from "../../src/data/images.ts";
import { type Tensor, type Tensors, tensor } from "../../src/ir/tensor.ts";
import type { Host } from "../host/host.ts";
import { dispose, type HostOptions, onHost, type Placed } from "../host/host.ts";
import { Session } from "../session.ts";
import { openCopy } from "./copy.ts";
import type { OpenEngine, StepFeeds } from "./engine.ts";
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
export const openSteps: OpenEngine = async (
  { description, config, images, state: first },
  { host, ...options },
) => {
  const resident = await reside(images, host, options);
  const graph =
    resident === undefined ? stepGraph(description, config) : residentStepGraph(description, config);
  const keep = Object.keys(first).map((name) => `${name}.next`);
  const session = await Session.open(graph, host, { ...options, keep });
  const download = await openCopy(first, "host", host, options);
  let state: Placed = first;

  const batchAt = (feeds: StepFeeds, step: number): Placed => {
    const index = element(feeds.index, step);
    return resident === undefined
      ? { image: images.pick(index.data).toTensor() }
      : { ...resident.placed, index };
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
    release: async () => {
      // What a session made is gone with it, so that goes first.
      dispose(state);
      await resident?.release();
      await session.release();
      await download.release();
    },
  };
};

/** The images on the device; undefined where they are too large for it. */
async function reside(images: Images, host: Host, options: HostOptions): Promise<Resident | undefined> {
  if (4 * packedSize(images) > LARGEST_BUFFER) return undefined;
  const all = packed(images);
  const upload = await openCopy({ images: all }, "device", host, options);
  const placed = await upload.of({ images: all });
  const release = async () => {
    dispose(placed);
    await upload.release();
  };
  return { placed, release };
}

/** One element along the first axis, as a view. */
export function element<T extends Tensor<"float32"> | Tensor<"int32">>(
  { dtype, shape: [count = 1, ...rest], data }: T,
  at: number,
): T {
  const size = data.length / count;
  return tensor(dtype, rest, data.subarray(at * size, (at + 1) * size) as never) as T;
}
