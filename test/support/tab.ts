/** A page with the Train panel's worker, and what tests do with its runs. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { unzipSync } from "fflate";
import type { TrainingChoice } from "../../runtime/browser/train/messages.ts";
import { type ModulePage, openPage } from "./chromium.ts";

export type TrainingPage = ModulePage<typeof import("../browser/page/training.ts")>;

/** A training that takes a moment. */
export const choice: TrainingChoice = {
  preset: "vae",
  data: { kind: "digits", count: 200 },
  model: { hidden: [16], latent: 2 },
  training: { batch: 20, epochs: 3 },
  device: "wasm",
};

/** What its first training is called. */
export const FIRST = "digits-vae";

/** Opens a page, with the worker started. */
export async function openTab(): Promise<TrainingPage> {
  const page: TrainingPage = await openPage(new URL("../browser/page/training.ts", import.meta.url), {
    workers: {
      worker: new URL("../../runtime/browser/train/training.worker.ts", import.meta.url),
      losing: new URL("../browser/page/losing.worker.ts", import.meta.url),
      unkept: new URL("../browser/page/unkept.worker.ts", import.meta.url),
    },
  });
  await page.call("start");
  return page;
}

/** Removes all runs but the first, with which others are compared. */
export async function tidy(page: TrainingPage): Promise<void> {
  for (const { name } of await page.call("runs")) if (name !== FIRST) await page.call("remove", name);
}

/** A run's files by name, out of the zip that the page gives. */
export async function filesOf(
  page: TrainingPage,
  name: string,
): Promise<Readonly<Record<string, Uint8Array>>> {
  const zip = unzipSync(await page.call("download", name, "checkpoint"));
  return Object.fromEntries(Object.entries(zip).map(([path, bytes]) => [path.slice(name.length + 1), bytes]));
}

/** Unpacks a run into a folder; returns its path. */
export async function unpack(page: TrainingPage, name: string, into: string): Promise<string> {
  for (const [file, bytes] of Object.entries(await filesOf(page, name))) {
    await mkdir(dirname(join(into, name, file)), { recursive: true });
    await writeFile(join(into, name, file), bytes);
  }
  return join(into, name);
}
