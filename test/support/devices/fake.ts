/** A GPU that is none: outputs that are to stay on it are held back by this host, which knows of every one of them. */
import type { DeviceTensor, Host, Placed } from "../../../runtime/host/host.ts";
import { isOnHost } from "../../../runtime/host/host.ts";
import { nodeHost } from "../../../runtime/host/node.ts";
import type { Tensor } from "../../../src/ir/tensor.ts";

export interface FakeGpu {
  readonly host: Host;
  /** Tensors on it now. */
  readonly held: ReadonlyMap<DeviceTensor, Tensor>;
  /** Sessions on it now. */
  readonly sessions: ReadonlySet<object>;
  /** From so many runs of all sessions on, every run fails. */
  failAfter: number;
  /** The session that can't be opened, counted from 1. */
  failingSession: number;
}

export function fakeGpu(): FakeGpu {
  const held = new Map<DeviceTensor, Tensor>();
  const sessions = new Set<object>();
  let [runs, opened] = [0, 0];
  const host: Host = { devices: ["webgpu", "cpu"], isEmulated, probe, open };
  const gpu: FakeGpu = { host, held, sessions, failAfter: Infinity, failingSession: 0 };

  async function open(...[model, { keep = [], device, ...options }]: Parameters<Host["open"]>) {
    if (++opened === gpu.failingSession) raise("there is no memory for it");
    const session = await nodeHost.open(model, options);
    if (device !== "webgpu") return session;
    sessions.add(session);
    const made = new Set<DeviceTensor>();
    const fetched = (tensor: Tensor | DeviceTensor) => {
      if (isOnHost(tensor)) return tensor;
      return held.get(tensor) ?? raise("a tensor is used after it was disposed of");
    };
    const put = (tensor: Tensor): DeviceTensor => {
      const placed: DeviceTensor = {
        dtype: tensor.dtype,
        shape: tensor.shape,
        dispose: () => {
          if (!held.delete(placed)) raise("a tensor is disposed of twice");
          made.delete(placed);
        },
      };
      held.set(placed, tensor);
      made.add(placed);
      return placed;
    };
    return {
      ...session,
      run: async (feeds: Placed): Promise<Placed> => {
        runs++;
        if (runs > gpu.failAfter) raise("the GPU was lost");
        const fed = Object.entries(feeds).map(([name, tensor]) => [name, fetched(tensor)] as const);
        const results = Object.entries(await session.run(Object.fromEntries(fed)));
        return Object.fromEntries(
          results.map(([name, tensor]) => [name, keep.includes(name) ? put(tensor as Tensor) : tensor]),
        );
      },
      release: async () => {
        if (made.size > 0) raise(`a session is released before ${made.size} tensors that it made`);
        sessions.delete(session);
        await session.release();
      },
    };
  }
  return gpu;
}

const isEmulated: Host["isEmulated"] = async () => false;
const probe: Host["probe"] = async () => ({ works: true, detail: "" });

function raise(message: string): never {
  throw new Error(message);
}
