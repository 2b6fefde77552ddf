/** Copies between the host and a device, by a graph that copies: what every package of ONNX Runtime can do. */
import type { DType } from "../../src/ir/dtype.ts";
import { graph } from "../../src/ir/graph.ts";
import { input } from "../../src/ir/value.ts";
import { identity } from "../../src/ops/index.ts";
import type { Host, HostOptions, Placed } from "../host/host.ts";
import { Session } from "../session.ts";

type Types = Readonly<Record<string, { readonly dtype: DType; readonly shape: readonly number[] }>>;

export interface Copy {
  /** The same tensors on the other side. */
  readonly of: (placed: Placed) => Promise<Placed>;
  readonly release: () => Promise<void>;
}

/** Opens what copies tensors of these types to the device, or back to the host. */
export async function openCopy(
  types: Types,
  to: "device" | "host",
  host: Host,
  options: HostOptions,
): Promise<Copy> {
  const names = Object.keys(types);
  const inputs = Object.fromEntries(
    Object.entries(types).map(([name, { dtype, shape }]) => [name, input(name, dtype, shape)]),
  );
  const outputs = Object.fromEntries(names.map((name) => [`${name}.copy`, identity(inputs[name]!)]));
  const session = await Session.open(graph("copy", inputs, outputs), host, {
    ...options,
    keep: to === "device" ? Object.keys(outputs) : undefined,
  });
  return {
    of: async (placed) => {
      const copies = await session.place(placed);
      return Object.fromEntries(names.map((name) => [name, copies[`${name}.copy`]!]));
    },
    release: () => session.release(),
  };
}
