/** `isthmus import-checkpoint` */
import { nodeFiles } from "../host/node-files.ts";
import { RunDirectory } from "../run-directory.ts";
import { importCheckpoint } from "../training-session/import.ts";
import { print, say, showCount } from "./output.ts";
import { openRun, requireFile } from "./source.ts";
import { asked } from "./usage.ts";

export async function importCheckpointCommand(
  path: string,
  checkpoint: string,
  {
    out = `${path.replace(/[\\/]+$/, "")}-imported`,
    json,
  }: { readonly out?: string; readonly json?: boolean },
): Promise<void> {
  const run = await openRun(path);
  await requireFile(checkpoint);
  await asked(() => RunDirectory.requireNew(out, nodeFiles));
  const { steps, hasMoments } = await importCheckpoint(run, checkpoint, out);
  if (!hasMoments) say(`${checkpoint} was saved without the optimizer's state: its moments begin anew`);
  print(
    { out, steps, hasMoments },
    [`${out}   encoder.onnx · decoder.onnx · after ${showCount(steps)} steps`],
    json,
  );
}
