/** Whether a device works, found out by running a small model on it. */
import { graph } from "../../src/ir/graph.ts";
import { tensor } from "../../src/ir/tensor.ts";
import { input } from "../../src/ir/value.ts";
import { encode } from "../../src/onnx/encode.ts";
import { add } from "../../src/ops/index.ts";
import { type Device, type Host, onHost } from "./host.ts";

/** Null where the model ran and was right; else what went wrong, in ONNX Runtime's words. */
export async function tryOut(open: Host["open"], device: Device): Promise<string | null> {
  const x = input("x", "float32", [4]);
  try {
    const session = await open(encode(graph("probe", { x }, { y: add(x, 1) })), { device });
    const { y } = onHost(await session.run({ x: tensor("float32", [4], Float32Array.of(0, 1, 2, 3)) }));
    await session.release();
    const isRight = [1, 2, 3, 4].every((value, i) => y?.data[i] === value);
    return isRight ? null : `0 to 3 plus 1 came out as ${y?.data}`;
  } catch (error) {
    return saidBy(error);
  }
}

/** One line of ONNX Runtime's: it begins with a place in its source, and says what is wrong last. */
export function saidBy(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const [line = message] = message.split("\n");
  return line
    .replace(/^.*ERROR_MESSAGE: /, "")
    .replace(/\S*\/onnxruntime\/core\/.* was false\. /, "")
    .replace(/\S*\/onnxruntime\/core\/\S+:\d+ .*?\) (\[ONNXRuntimeError\] : \d+ : \w+ : )?/, "");
}
