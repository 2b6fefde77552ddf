/** Training by `training.onnx`: all steps of a run in one call, as a CPU likes it. */
import { trainingGraph } from "../../graphs/training.ts";
import { tensor } from "../../src/ir/tensor.ts";
import { Session } from "../session.ts";
import type { OpenEngine } from "./engine.ts";
import { lossesOf, nextState } from "./results.ts";

/** The state comes back to the host after every run; on CUDA the loop keeps it on the device within a run. */
export const openLoop: OpenEngine = async (
  { description, config, images, state: first },
  { host, ...options },
) => {
  const session = await Session.open(trainingGraph(description, config), host, options);
  const { channels, height, width } = images.image;
  const resident = tensor("uint8", [images.count, channels, height, width], images.data);
  let state = first;
  return {
    run: async (feeds) => {
      const results = await session.run({ ...state, images: resident, ...feeds });
      state = nextState(state, results);
      return lossesOf([results]);
    },
    placed: () => state,
    state: async () => state,
    release: () => session.release(),
  };
};
