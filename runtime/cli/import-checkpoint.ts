/** `isthmus import-checkpoint` */
import { importCheckpoint } from "../training-session/import.ts";
import { print, say, showCount } from "./output.ts";
import { openRun } from "./source.ts";

export async function importCheckpointCommand(
  path: string,
  checkpoint: string,
  {
    out = `${path.replace(/[\\/]+$/, "")}-imported`,
    json,
  }: { readonly out?: string; readonly json?: boolean },
): Promise<void> {
  const { steps, hasMoments } = await importCheckpoint(await openRun(path), checkpoint, out);
  if (!hasMoments) say(`${checkpoint} was saved without the optimizer's state: its moments begin anew`);
  print(
    { out, steps, hasMoments },
    [`${out}   encoder.onnx · decoder.onnx · after ${showCount(steps)} steps`],
    json,
  );
}
