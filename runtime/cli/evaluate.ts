/** `isthmus evaluate` */

import { factsOf } from "../../graphs/families.ts";
import type { SplitName } from "../../src/data/dataset.ts";
import { nounOf } from "../figures/gallery.ts";
import { print, showCount, showLosses } from "./output.ts";
import { chosen, type DataFlags, dataFor, openRun, type RuntimeFlags } from "./source.ts";

interface Flags extends DataFlags, RuntimeFlags {
  readonly split: SplitName;
  readonly json?: boolean;
}

export async function evaluateCommand(path: string, flags: Flags): Promise<void> {
  const run = await openRun(path);
  const data = await dataFor(run, flags);
  const losses = await run.evaluate(data, flags.split, await chosen(flags));
  const facts = factsOf(run.config.model);
  // A memory is measured on what it holds, whichever is asked for.
  const split = facts.isMemory ? "train" : flags.split;
  const images = data[split].images.count;
  const line = `${split} ${showLosses(losses, facts, 2)} over ${showCount(images)} ${nounOf(data.medium)}s`;
  print({ ...losses, split, images, data: data.name }, [line], flags.json);
}
