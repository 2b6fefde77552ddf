/** Runs one small model on the device that the first argument names, and reports over the process's channel. */
import { graph } from "../../src/ir/graph.ts";
import { tensor } from "../../src/ir/tensor.ts";
import { input } from "../../src/ir/value.ts";
import { add } from "../../src/ops/index.ts";
import { Session } from "../session.ts";
import type { Device } from "./host.ts";
import { nodeHost } from "./node.ts";

const x = input("x", "float32", [4]);
try {
  const session = await Session.open(graph("probe", { x }, { y: add(x, 1) }), nodeHost, {
    device: process.argv[2] as Device,
  });
  const { y } = await session.run({ x: tensor("float32", [4], Float32Array.of(0, 1, 2, 3)) });
  const isRight = [1, 2, 3, 4].every((value, i) => y.data[i] === value);
  process.send?.({ error: isRight ? null : `0 to 3 plus 1 came out as ${y.data}` });
} catch (error) {
  process.send?.({ error: (error as Error).message.replace(/^probe: ONNX Runtime: /, "") });
}
process.disconnect?.();
