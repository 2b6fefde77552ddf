/** ONNX Runtime's on-device training in Node: WebAssembly from `onnxruntime-web@1.19.2`, where that is installed. */
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { fail } from "../../src/ir/error.ts";
import { prepareTraining, type TrainingModule, type TrainingRuntime } from "./training.ts";

/** Loads the package. Throws one line where it was left out. */
export async function loadTraining(): Promise<TrainingRuntime> {
  const module: TrainingModule = await import(new URL("ort.training.wasm.min.mjs", entry()).href);
  // Its worker threads never answer in Node.
  module.env.wasm.numThreads = 1;
  return prepareTraining(module, new URL("./", entry()).href);
}

/** The package hides its training from Node, so it is found beside the file that Node may import. */
function entry(): URL {
  try {
    return pathToFileURL(createRequire(import.meta.url).resolve("onnxruntime-training"));
  } catch {
    return fail(
      "training-session",
      "needs a package that is not installed: npm install onnxruntime-training@npm:onnxruntime-web@1.19.2",
    );
  }
}
