/** Training by `training.onnx`: all steps of a run in one call, as a CPU likes it. */
import { trainingGraph } from "../../graphs/training.ts";
import type { Images } from "../../src/data/images.ts";
import { tensor } from "../../src/ir/tensor.ts";
import { Session } from "../session.ts";
import type { OpenEngine, StepFeeds } from "./engine.ts";
import { lossesOf, nextState } from "./results.ts";

/** The state comes back to the host after every run; on CUDA the loop keeps it, and the images, on the device within a run. */
export const openLoop: OpenEngine = async (
  { description, config, images, state: first },
  { host, ...options },
) => {
  const session = await Session.open(trainingGraph(description, config), host, options);
  const isLabelled = session.inputs.some(({ name }) => name === "labels");
  const resident = (of: Images) => {
    const { channels, height, width } = of.image;
    const images = tensor("uint8", [of.count, channels, height, width], of.data);
    return { images, ...(isLabelled && { labels: of.labelTensor() }) };
  };
  const all = resident(images);
  // What is fed to WebAssembly is copied into its memory at every run, so there it is only what the run needs.
  const feedsOf = (feeds: StepFeeds) => {
    if (options.device !== "wasm") return { ...feeds, ...all };
    const { shape, data } = feeds.index;
    return {
      ...feeds,
      ...resident(images.pick(data)),
      index: tensor(
        "int32",
        shape,
        data.map((_, i) => i),
      ),
    };
  };
  let state = first;
  return {
    run: async (feeds) => {
      const results = await session.run({ ...state, ...feedsOf(feeds) });
      state = nextState(state, results);
      return lossesOf([results]);
    },
    placed: () => state,
    state: async () => state,
    release: () => session.release(),
  };
};
