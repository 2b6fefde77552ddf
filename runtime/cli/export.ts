/** `isthmus export` */
import { join } from "node:path";
import { modelNames } from "../export.ts";
import { writeWhole } from "../host/file.ts";
import { print, showBytes } from "./output.ts";
import { openRun } from "./source.ts";

export async function exportCommand(
  path: string,
  { out = path, json }: { readonly out?: string; readonly json?: boolean },
): Promise<void> {
  const run = await openRun(path);
  const files: { readonly file: string; readonly bytes: number }[] = [];
  for (const name of modelNames) {
    const bytes = run.model(name);
    const file = join(out, `${name}.onnx`);
    await writeWhole(file, bytes);
    files.push({ file, bytes: bytes.length });
  }
  print(
    files,
    files.map(({ file, bytes }) => `${file}   ${showBytes(bytes)}`),
    json,
  );
}
