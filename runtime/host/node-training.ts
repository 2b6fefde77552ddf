/** ONNX Runtime's on-device training in Node: WebAssembly from `onnxruntime-web@1.19.2`, where that is installed. */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { fail } from "../../src/ir/error.ts";
import type { TrainingRuntime } from "./training.ts";

/** Loads the package. Throws one line where it was left out. */
export async function loadTraining(): Promise<TrainingRuntime> {
  const module = await import(pathToFileURL(join(dirname(entry()), "ort.training.wasm.min.mjs")).href);
  // Its worker threads never answer in Node.
  module.env.wasm.numThreads = 1;
  return module;
}

/** The package hides its training from Node, so it is found beside the file that Node may import. */
function entry(): string {
  try {
    return createRequire(import.meta.url).resolve("onnxruntime-training");
  } catch {
    return fail(
      "training-session",
      "needs a package that is not installed: npm install onnxruntime-training@npm:onnxruntime-web@1.19.2",
    );
  }
}
