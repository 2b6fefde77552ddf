/** What an earlier visit left unfinished, found without the training's code. */
import { webFiles } from "../host/web-files.ts";
import { FOLDER, lockOf, pathOf } from "./train/run-files.ts";

/** The name of a run that can be gone on with; nothing where there is none, or only those that other tabs train. */
export async function unfinishedRun(): Promise<string | undefined> {
  const names = await webFiles.list(FOLDER).catch(() => []);
  if (names.length === 0) return undefined;
  const busy = new Set((await navigator.locks.query()).held?.map(({ name }) => name));
  for (const name of names) if (!busy.has(lockOf(name)) && (await isUnfinished(name))) return name;
  return undefined;
}

/** A run that is done has a result. What can't be read is for the Train panel to tell of. */
async function isUnfinished(name: string): Promise<boolean> {
  try {
    const config = JSON.parse(new TextDecoder().decode(await webFiles.read(`${pathOf(name)}/run.json`)));
    return config.result === undefined;
  } catch {
    return false;
  }
}
