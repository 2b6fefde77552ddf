/** The runs that the browser keeps for this page, and their way in and out of it. */
import { unzipSync, zipSync } from "fflate";
import { describeModel } from "../../../graphs/families.ts";
import { fail } from "../../../src/ir/error.ts";
import type { Dropped } from "../../data/dropped.ts";
import { isGenerated } from "../../data/generated.ts";
import { nameOf } from "../../data/readable.ts";
import type { Files } from "../../files.ts";
import { requireState } from "../../fit.ts";
import { webFiles } from "../../host/web-files.ts";
import type { RunConfig } from "../../run-config.ts";
import { RunDirectory } from "../../run-directory.ts";
import type { KeptRun } from "./messages.ts";
import { FOLDER, KEPT, lockOf, NEEDED, pathOf } from "./run-files.ts";

/** The files that a run was begun on, as they were dropped: they stay with the run, and are no part of it elsewhere. */
const IMAGES = "dropped.zip";

/** All runs that are kept, those that can be gone on with first. */
export async function keptRuns(files: Files): Promise<KeptRun[]> {
  const names = await files.list(FOLDER);
  if (names.length === 0) return [];
  const busy = new Set((await navigator.locks.query()).held?.map(({ name }) => name));
  const runs: KeptRun[] = [];
  for (const name of names) {
    // A creation that was cut short left no run.
    if (!(await RunDirectory.isAt(pathOf(name), files))) continue;
    runs.push({ ...(await keptRun(name, files)), isBusy: busy.has(lockOf(name)) });
  }
  return runs.sort((a, b) => Number(a.isDone) - Number(b.isDone));
}

async function keptRun(name: string, files: Files): Promise<Omit<KeptRun, "isBusy">> {
  const bytes = (await files.sizes(pathOf(name))).reduce((sum, file) => sum + file.bytes, 0);
  try {
    const run = await RunDirectory.open(pathOf(name), files);
    const config = await run.readConfig();
    const { position } = await run.readCheckpoint();
    return {
      ...{ name, bytes, description: describeModel(config.model), data: config.data.name },
      ...{ epoch: position.epoch, epochs: config.training.epochs },
      isDone: config.result !== undefined,
      needsFiles: !canDraw(config) && !(await files.exists(`${pathOf(name)}/${IMAGES}`)),
    };
  } catch (error) {
    const damage = error instanceof Error ? error.message : String(error);
    const unknown = { description: "", data: "", epoch: 0, epochs: 0, isDone: false, needsFiles: false };
    return { name, bytes, ...unknown, damage };
  }
}

/** Whether a run's data are drawn anew from their description. */
export function canDraw({ data: { source } }: RunConfig): boolean {
  return typeof source?.name === "string" && isGenerated(source.name);
}

/** A name that no run has: `digits-vae`, `digits-vae-2`, … */
export async function freeName(wanted: string, files: Files): Promise<string> {
  const base = wanted.replace(/[^\w.-]+/g, "-");
  const taken = new Set(await files.list(FOLDER));
  for (let count = 1; ; count++) {
    const name = count === 1 ? base : `${base}-${count}`;
    if (!taken.has(name)) return name;
  }
}

/** Holds a run for this tab while something is done with it. Throws where another tab has it. */
export function holding<T>(name: string, work: () => Promise<T>): Promise<T> {
  // Pages that are not secure have neither locks nor anything to keep.
  if (!("locks" in navigator)) return work();
  return navigator.locks.request(lockOf(name), { ifAvailable: true }, async (lock) =>
    lock === null ? fail(name, "is being trained in another tab: pause it there first") : work(),
  );
}

/** All of a run's files in one zip, in a folder of its name: what `isthmus train --resume` goes on with once unpacked. */
export async function zipOf(name: string, files: Files): Promise<Uint8Array> {
  // Not packed: weights don't get smaller.
  const found = (await files.sizes(pathOf(name))).filter((file) => file.name !== IMAGES);
  const entries = found.map(async (file) => {
    const bytes = await files.read(`${pathOf(name)}/${file.name}`);
    return [`${name}/${file.name}`, bytes] as const;
  });
  return zipSync(Object.fromEntries(await Promise.all(entries)), { level: 0 });
}

/**
 * Keeps a run that was made elsewhere: its folder's files, or a zip of them. Returns its new name. Throws, naming the
 * file, where one is missing, damaged or of a newer Isthmus; nothing is kept then.
 */
export async function takeRun(dropped: readonly Dropped[], files: Files): Promise<string> {
  const found = new Map<string, Uint8Array>();
  let folder: string | undefined;
  const take = (path: string, bytes: Uint8Array) => {
    if (!KEPT.includes(nameOf(path))) return;
    found.set(nameOf(path), bytes);
    folder ??= path.split("/").at(-2);
  };
  for (const { path, file } of dropped) {
    const bytes = new Uint8Array(await file.arrayBuffer());
    if (!path.endsWith(".zip")) take(path, bytes);
    else {
      for (const [entry, content] of Object.entries(unzipped(bytes, path))) take(entry, content);
      folder ??= nameOf(path).slice(0, -".zip".length);
    }
  }
  const missing = NEEDED.find((name) => !found.has(name));
  if (missing !== undefined)
    fail("run", `there is no ${missing} among the files: drop the whole folder of the run, or a zip of it`);
  if (!found.has("metrics.jsonl")) found.set("metrics.jsonl", new Uint8Array());
  await requireWhole(found);
  const name = await freeName(folder ?? "run", files);
  // The last one makes it a run.
  const order = KEPT.toReversed().filter((one) => found.has(one));
  await files.create(pathOf(name), Object.fromEntries(order.map((one) => [one, found.get(one)!])));
  return name;
}

/** Keeps the files that a run was begun on beside it, unless they are there. Throws where there is no room for them. */
export async function keepDropped(name: string, dropped: readonly Dropped[], files: Files): Promise<void> {
  if (await files.exists(`${pathOf(name)}/${IMAGES}`)) return;
  const entries = dropped.map(
    async ({ path, file }) => [path, new Uint8Array(await file.arrayBuffer())] as const,
  );
  const zip = zipSync(Object.fromEntries(await Promise.all(entries)), { level: 0 });
  await files.write(`${pathOf(name)}/${IMAGES}`, zip);
}

/** The files that a run was begun on; nothing where they were not kept. */
export async function keptDropped(name: string, files: Files): Promise<Dropped[] | undefined> {
  const path = `${pathOf(name)}/${IMAGES}`;
  if (!(await files.exists(path))) return undefined;
  return Object.entries(unzipSync(await files.read(path))).map(([path, bytes]) => ({
    path,
    file: new Blob([bytes as Uint8Array<ArrayBuffer>]),
  }));
}

function unzipped(bytes: Uint8Array, path: string): Record<string, Uint8Array> {
  try {
    return unzipSync(bytes, { filter: ({ name }) => KEPT.includes(nameOf(name)) });
  } catch {
    return fail(path, "is no zip file, or a damaged one");
  }
}

/** What errors call the folder of a run that is not kept yet. */
const RUN = "run";

/** Reads all of it once, as a training would. */
async function requireWhole(found: ReadonlyMap<string, Uint8Array>): Promise<void> {
  const files: Files = {
    ...webFiles,
    exists: async (path) => path === RUN || found.has(path.slice(RUN.length + 1)),
    read: async (path) => found.get(path.slice(RUN.length + 1))!,
  };
  const run = await RunDirectory.open(RUN, files);
  const { model, training } = await run.readConfig();
  const { state } = await run.readCheckpoint();
  requireState(model, training, state, "checkpoint.safetensors");
  await run.readBest();
  await run.readMetrics();
}
