/** The images that benchmarks train on. */
import { join } from "node:path";
import { loadDataset } from "../runtime/data/dataset.ts";
import { drawDigits } from "../src/data/digits/digits.ts";
import type { Images } from "../src/data/images.ts";

const IMAGES = 54_000;

/** MNIST where ISTHMUS_TEST_DATA has it; else drawn digits, repeated, which cost the same. */
export async function loadImages(): Promise<{ readonly images: Images; readonly name: string }> {
  const folder = process.env.ISTHMUS_TEST_DATA;
  if (folder !== undefined) {
    const { train } = await loadDataset({ name: join(folder, "mnist") });
    return { images: train.images.slice(0, IMAGES), name: "MNIST" };
  }
  const { images } = drawDigits(2000, 1);
  const repeated = Int32Array.from({ length: IMAGES }, (_, i) => i % images.count);
  return { images: images.pick(repeated), name: "drawn digits" };
}
