/** Isthmus on ONNX Runtime's WASM: the trainer that every user's run goes through. */
import { webHost } from "../../runtime/host/web.ts";
import { Trainer } from "../../runtime/trainer.ts";
import type { Open } from "./task.ts";

export const openIsthmus: Open = async ({ description, config, images }) => {
  const data = { train: images, validation: images.slice(0, 500) };
  const host = webHost({ wasmPaths: "/ort/" });
  const trainer = await Trainer.open(description, config, data, { host, device: "wasm" });
  const runs = trainer.train();
  return async (steps) => {
    const before = trainer.pace;
    let sum = 0;
    // Validation, after each epoch, is not counted by its pace.
    while (trainer.pace.steps - before.steps < steps) {
      const { sums } = trainer.position;
      const { loss, step } = (await runs.next()).value!;
      sum += loss * step - sums.loss;
    }
    const taken = trainer.pace.steps - before.steps;
    return { seconds: trainer.pace.seconds - before.seconds, steps: taken, loss: sum / taken };
  };
};
