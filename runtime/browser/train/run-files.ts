/** Where the page keeps its runs, and which dropped files are a run's: asked before the worker is there. */

import { nameOf } from "../../data/readable.ts";

/** The folder of all runs. */
export const FOLDER = "runs";
export const pathOf = (name: string) => `${FOLDER}/${name}`;

/** The lock that a tab holds while it trains a run. */
export const lockOf = (name: string) => `isthmus/${name}`;

/** Without these there is no run to go on with. */
export const NEEDED = ["run.json", "checkpoint.safetensors"] as const;

/** The files of a run that are kept; a missing `best.safetensors` or `metrics.jsonl` is no loss. */
export const KEPT: readonly string[] = [...NEEDED, "metrics.jsonl", "best.safetensors"];

/** Whether some files are a run, or part of one. */
export function areRun(paths: readonly string[]): boolean {
  return paths.some((path) => path.endsWith(".zip") || KEPT.includes(nameOf(path)));
}
