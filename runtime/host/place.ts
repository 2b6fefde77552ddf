/** Opens the model on standard input on the device that the first argument names; the log says which node went where. */
import { argv, stdin } from "node:process";
import { buffer } from "node:stream/consumers";
import { InferenceSession } from "onnxruntime-node";
import type { Device } from "./host.ts";
import { providersOf } from "./onnxruntime.ts";

await InferenceSession.create(await buffer(stdin), {
  executionProviders: providersOf(argv[2] as Device),
  // Verbose: the place of every node goes to standard error.
  logSeverityLevel: 0,
});
process.disconnect?.();
