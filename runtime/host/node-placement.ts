/** Which nodes of a model a device leaves to the CPU: at each of them data go to the host and back. */
import { text } from "node:stream/consumers";
import { fail } from "../../src/ir/error.ts";
import { startScript } from "./child.ts";
import type { Device } from "./host.ts";

export interface Placement {
  /** Nodes in all, loop bodies included, after ONNX Runtime's own simplifications. */
  readonly nodes: number;
  /** Those that the device does not run itself. */
  readonly elsewhere: readonly { readonly op: string; readonly name: string }[];
}

/** Asks ONNX Runtime, in a process of its own since only its log tells. Throws where the device can't open the model. */
export async function placementOf(model: Uint8Array, device: Device, subject: string): Promise<Placement> {
  const child = startScript("place", [device], { stdio: ["pipe", "ignore", "pipe", "ipc"] });
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  child.stdin?.on("error", () => {}).end(model);
  const log = await text(child.stderr!);
  if ((await ended) !== 0)
    fail(subject, `can't be opened on ${device}: ${/Error: (.*)/.exec(log)?.[1] ?? "see isthmus doctor"}`);
  const placement = parsePlacement(log);
  return placement.nodes > 0
    ? placement
    : fail(subject, "ONNX Runtime's log does not say where its nodes went");
}

/** Reads the log: for each graph and loop body a line for every provider with a count, then a line for every node. */
function parsePlacement(log: string): Placement {
  const elsewhere: { op: string; name: string }[] = [];
  let nodes = 0;
  let isOnCpu = false;
  for (const line of log.split("\n")) {
    const [, provider, count] =
      /odes?(?:\(s\))? placed on \[(\w+)\]\. Number of nodes: (\d+)/.exec(line) ?? [];
    if (provider !== undefined) {
      isOnCpu = provider === "CPUExecutionProvider";
      nodes += Number(count);
    }
    const [, op, name] = /VerifyEachNodeIsAssignedToAnEp\] {3}(\w+) \((.*)\)$/.exec(line) ?? [];
    if (op !== undefined && name !== undefined && isOnCpu) elsewhere.push({ op, name });
  }
  return { nodes, elsewhere };
}
