/** What a run left on disk, without what depends on the clock. */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** The SHA-256 of every file, but of `metrics.jsonl` and `run.json` their content without times and speeds. */
export async function outcome(path: string): Promise<Readonly<Record<string, unknown>>> {
  const names = (await readdir(path)).sort();
  const entries = names.map(async (name) => [name, await read(join(path, name), name)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

async function read(path: string, name: string): Promise<unknown> {
  if (name === "metrics.jsonl") {
    const lines = (await readFile(path, "utf8")).split("\n").filter((line) => line !== "");
    return lines.map((line) => JSON.parse(line, timeless));
  }
  if (name === "run.json") return JSON.parse(await readFile(path, "utf8"), timeless);
  return createHash("sha256")
    .update(await readFile(path))
    .digest("hex");
}

function timeless(key: string, value: unknown): unknown {
  return ["seconds", "imagesPerSecond", "millisecondsPerStep"].includes(key) ? undefined : value;
}
