/** Opens the model on standard input on the device that the first argument names; the log says which node went where. */
import { argv, stdin } from "node:process";
import { buffer } from "node:stream/consumers";
import { InferenceSession } from "onnxruntime-node";

await InferenceSession.create(await buffer(stdin), {
  executionProviders: [argv[2] as "webgpu"],
  // Verbose: the place of every node goes to standard error.
  logSeverityLevel: 0,
});
process.disconnect?.();
