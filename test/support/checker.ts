/** ONNX's own checker, an independent judge of files. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runPython } from "./python.ts";

/** What the checker says of each file, by its name: null where it accepts it. `python` is one that has onnx. */
export async function verdictsOn(
  python: string,
  files: Iterable<readonly [name: string, bytes: Uint8Array]>,
): Promise<Readonly<Record<string, string | null>>> {
  const folder = await mkdtemp(join(tmpdir(), "isthmus-"));
  try {
    for (const [name, bytes] of files) await writeFile(join(folder, `${name}.onnx`), bytes);
    const said = JSON.parse(await runPython(python, "check.py", [folder])) as Record<string, string | null>;
    return Object.fromEntries(
      Object.entries(said).map(([file, verdict]) => [file.replace(/\.onnx$/, ""), verdict]),
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}
