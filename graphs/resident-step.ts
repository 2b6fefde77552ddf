/** One training step on images that lie on the device, three pixels in each float32. */
import { type Images, pixelsOf } from "../src/data/images.ts";
import { type Graph, graph } from "../src/ir/graph.ts";
import { within } from "../src/ir/origin.ts";
import { type Tensor, tensor } from "../src/ir/tensor.ts";
import { input } from "../src/ir/value.ts";
import { concat, floor, gather, mul, reshape, slice, sub, unsqueeze } from "../src/ops/index.ts";
import { simplify } from "../src/passes/simplify.ts";
import { Batch } from "./batch.ts";
import { feedsOf, type ModelDescription, summary } from "./families.ts";
import type { Floats } from "./model.ts";
import { nextOf, rateInputs, type StepConfig, stateInputs, trainingStep } from "./step.ts";

/** Float32 numbers in what `packed` returns. */
export function packedSize(images: Images): number {
  return images.count * Math.ceil(pixelsOf(images.image) / 3);
}

/**
 * Images as `[images, ⌈pixels / 3⌉]`: WebGPU has no bytes to gather, but a float32 holds 24 bits exactly, so that a
 * data set takes a third of what it would as numbers.
 */
export function packed(images: Images): Tensor<"float32"> {
  const pixels = pixelsOf(images.image);
  const columns = Math.ceil(pixels / 3);
  const data = new Float32Array(packedSize(images));
  for (let i = 0; i < data.length; i++) {
    const row = Math.floor(i / columns);
    const [start, end] = [row * pixels + (i % columns) * 3, (row + 1) * pixels];
    for (let at = start; at < start + 3; at++) data[i] = data[i]! * 256 + (at < end ? images.data[at]! : 0);
  }
  return tensor("float32", [images.count, columns], data);
}

/** Rows of what `packed` returned, as images in [0, 1]. */
function unpacked(rows: Floats, [batch, channels, height, width]: readonly [number, number, number, number]) {
  const high = floor(mul(rows, 2 ** -16));
  const rest = sub(rows, mul(high, 2 ** 16));
  const middle = floor(mul(rest, 2 ** -8));
  const low = sub(rest, mul(middle, 2 ** 8));
  const bytes = concat(
    [high, middle, low].map((part) => unsqueeze(part, [2])),
    2,
  );
  const pixels = channels * height * width;
  const flat = slice(reshape(bytes, [batch, 3 * Math.ceil(pixels / 3)]), 1, 0, pixels);
  return mul(reshape(flat, [batch, channels, height, width]), 1 / 255);
}

/**
 * As `stepGraph`, but for the batch: it is gathered from `images`, which `packed` made, and from `labels` int32
 * `[images]` where the model asks for labels, at the positions in `index`.
 */
export function residentStepGraph(description: ModelDescription, config: StepConfig): Graph {
  const { channels, height, width } = description.image;
  const state = stateInputs(description, config);
  const columns = Math.ceil(pixelsOf(description.image) / 3);
  const images = input("images", "float32", ["images", columns]);
  const index = input("index", "int32", [config.batch]);
  const isLabelled = feedsOf(description, config.batch).some(({ source }) => source === "label");
  const labels = isLabelled && { labels: input("labels", "int32", ["images"]) };
  const gathered = within("batch", () => ({
    image: unpacked(gather(images, index), [config.batch, channels, height, width]),
    ...(labels && { label: gather(labels.labels, index) }),
  }));
  const batch = new Batch(description.image, config.batch, gathered);
  const rates = rateInputs();
  const { state: next, losses } = trainingStep(description, config, state, { batch, ...rates });
  const drawn = batch.feeds.filter(({ name }) => !Object.hasOwn(gathered, name));
  const inputs = {
    ...state,
    images,
    ...labels,
    index,
    ...Object.fromEntries(drawn.map(({ name, value }) => [name, value])),
    ...rates,
  };
  const doc = `One training step of ${summary(description)} on images of the device.`;
  return simplify(graph("resident_step", inputs, { ...nextOf(next), ...losses }, { doc }));
}
