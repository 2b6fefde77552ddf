/** `isthmus evaluate` */

import { factsOf } from "../../graphs/families.ts";
import type { SplitName } from "../../src/data/dataset.ts";
import { print, showCount } from "./output.ts";
import { chosen, type DataFlags, dataFor, openRun, type RuntimeFlags } from "./source.ts";

interface Flags extends DataFlags, RuntimeFlags {
  readonly split: SplitName;
  readonly json?: boolean;
}

export async function evaluateCommand(path: string, flags: Flags): Promise<void> {
  const run = await openRun(path);
  const data = await dataFor(run, flags);
  const losses = await run.evaluate(data, flags.split, await chosen(flags));
  const { loss, reconstruction, kl } = losses;
  const images = data[flags.split].images.count;
  const line = `${flags.split} ${loss.toFixed(2)} ${factsOf(run.config.model).unit} (reconstruction ${reconstruction.toFixed(2)}, kl ${kl.toFixed(2)}) over ${showCount(images)} images`;
  print({ ...losses, split: flags.split, images, data: data.name }, [line], flags.json);
}
