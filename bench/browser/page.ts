/** What runs in Chromium for bench/browser.ts: it gets contestants ready and lets one of them run. */
import type { ModelDescription } from "../../graphs/families.ts";
import type { TrainingConfig } from "../../graphs/training-config.ts";
import { Images } from "../../src/data/images.ts";
import type { Contestant, Measurement } from "../rounds.ts";
import { openIsthmus } from "./isthmus.ts";
import { openJax } from "./jax.ts";
import type { Open } from "./task.ts";
import { openTensorflow } from "./tensorflow.ts";

const contestants = {
  isthmus: openIsthmus,
  "TensorFlow.js": openTensorflow,
  "jax-js": openJax,
} satisfies Record<string, Open>;

export type Title = keyof typeof contestants;

const ready = new Map<Title, Contestant>();

/** Gets all of them ready for the images that are served as `/images`. Gives their names. */
export async function open(description: ModelDescription, config: TrainingConfig): Promise<Title[]> {
  const bytes = new Uint8Array(await (await fetch("/images")).arrayBuffer());
  const task = { description, config, images: new Images(description.image, bytes) };
  const entries = Object.entries(contestants) as [Title, Open][];
  for (const [title, get] of entries) ready.set(title, await get(task));
  return [...ready.keys()];
}

/** Lets one take at least so many steps. */
export const run = (title: Title, steps: number): Promise<Measurement> => ready.get(title)!(steps);

/** What the page has of the machine. */
export const threads = (): number => (globalThis.crossOriginIsolated ? navigator.hardwareConcurrency : 1);
