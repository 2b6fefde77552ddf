/** How unusual images are to a model: what it takes to reconstruct them, and the bound on their probability. */
import type { Feed } from "../graphs/batch.ts";
import { Random } from "../src/data/random.ts";
import { fail } from "../src/ir/error.ts";
import { sizeOf, type Tensor, type Tensors, tensor } from "../src/ir/tensor.ts";
import { draw, isDrawn } from "./feeds.ts";

type Floats = Tensor<"float32">;

/** One number for each image, in the model's unit; the higher, the more unusual. */
export interface Scores {
  /** The term `reconstruction` of the loss: −log p(x | z), or the squared error. */
  readonly reconstruction: Float64Array;
  /** −ELBO, an upper bound of −log p(x); null where the model has none. */
  readonly negativeElbo: Float64Array | null;
}

/** Draws of the code: one and its opposite (antithetic variates), so that what is odd in the noise cancels. */
const DRAWS = 2;

/**
 * Scores of images `[batch, channels, height, width]` in [0, 1]. Whatever is drawn is the same for every image and
 * every call, so that an image's score depends on nothing but the image.
 * @param run runs the model's evaluation graph, in which the weights are bound
 * @param feeds what that graph reads
 * @param label class numbers `[batch]`, where it asks for them
 * @throws where the model tells its training images by their place, and knows no others
 */
export async function scoresOf(
  run: (feeds: Tensors) => Promise<Tensors>,
  feeds: readonly Feed[],
  image: Floats,
  label: Tensor<"int32"> | null,
): Promise<Scores> {
  const [count = 0] = image.shape;
  if (feeds.some(({ source }) => source === "position"))
    fail("scores", "the model is a memory: it knows no images but its own");
  const draws = feeds.some(isDrawn) ? DRAWS : 1;
  const reconstruction = new Float64Array(count);
  const negativeElbo = new Float64Array(count);
  let hasBound = true;
  for (let i = 0; i < draws; i++) {
    const drawn = feeds.filter(isDrawn).map((feed) => [feed.name, sameForAll(feed, count, i)]);
    const asks = feeds.some(({ source }) => source === "label");
    const told = asks ? { label: label ?? fail("scores", "the model asks for labels, one for each") } : {};
    const terms = await run({ image, ...told, ...Object.fromEntries(drawn) });
    hasBound &&= terms.elbo !== undefined;
    add(reconstruction, terms.reconstruction!, 1 / draws);
    if (terms.elbo !== undefined) add(negativeElbo, terms.elbo, -1 / draws);
  }
  return { reconstruction, negativeElbo: hasBound ? negativeElbo : null };
}

/** One draw, repeated along the batch; the second is the opposite of the first. */
function sameForAll(feed: Feed, count: number, index: number): Floats {
  const { shape } = feed.value;
  const axis = shape.findIndex((dim) => typeof dim === "string");
  const sizes = shape.map((dim) => (typeof dim === "number" ? dim : 1));
  const drawn = draw(feed, new Random(0, `scores/${feed.name}`), new Float32Array(sizeOf(sizes)));
  const one = index === 0 ? drawn : drawn.map((value) => (feed.source === "normal" ? -value : 1 - value));
  const inner = sizeOf(sizes.slice(axis + 1));
  const data = new Float32Array(count * one.length);
  for (let block = 0; block * inner < one.length; block++)
    for (let i = 0; i < count; i++)
      data.set(one.subarray(block * inner, (block + 1) * inner), (block * count + i) * inner);
  return tensor(
    "float32",
    shape.map((dim) => (typeof dim === "number" ? dim : count)),
    data,
  );
}

function add(to: Float64Array, { data }: Tensor, factor: number): void {
  for (let i = 0; i < to.length; i++) to[i]! += factor * Number(data[i]);
}
