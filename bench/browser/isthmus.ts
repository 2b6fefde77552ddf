/** Isthmus on ONNX Runtime's WASM: the trainer that every user's run goes through. */
import { webHost } from "../../runtime/host/web.ts";
import { Trainer } from "../../runtime/trainer.ts";
import { advance } from "../rounds.ts";
import type { Open } from "./task.ts";

export const openIsthmus: Open = async ({ description, config, images }) => {
  const data = { train: images, validation: images.slice(0, 500) };
  const host = webHost({ wasmPaths: "/ort/" });
  const trainer = await Trainer.open(description, config, data, { host, device: "wasm" });
  const runs = trainer.train();
  return async (steps) => {
    let [sum, taken, seconds] = [0, 0, 0];
    while (taken < steps) {
      const begun = performance.now();
      const next = await advance(trainer, runs);
      const passed = (performance.now() - begun) / 1000;
      sum += next.loss;
      taken += next.steps;
      // By the clock on the wall, but for an epoch's end: the others do not validate.
      seconds += next.isValidated ? next.seconds : passed;
    }
    return { seconds, steps: taken, loss: sum / taken };
  };
};
