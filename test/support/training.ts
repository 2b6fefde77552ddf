/** Tiny trainings in this process, on a clock of their own where a test wants one. */

import { join } from "node:path";
import { vi } from "vitest";
import { nodePlatform } from "../../runtime/node-platform.ts";
import type { Progress } from "../../runtime/trainer.ts";
import { TrainingRun, type TrainOptions } from "../../runtime/training-run.ts";
import { temporaryFolder } from "./idx.ts";
import { tinyDigits, tinyModel, tinyTraining } from "./tiny.ts";

/** The data of every tiny training. */
export const digits = tinyDigits();

/** A training of the tiny model that has not begun. */
export function training(options: TrainOptions, data = digits): TrainingRun {
  return new TrainingRun(tinyModel, data, { ...tinyTraining, report: false, ...options }, nodePlatform);
}

/** Trains to the end, or until `until` says so, and gives what it told on the way. */
export async function follow(
  run: TrainingRun,
  until: (progress: Progress) => boolean = () => false,
): Promise<Progress[]> {
  const all: Progress[] = [];
  for await (const progress of run) {
    all.push(progress);
    if (until(progress)) break;
  }
  return all;
}

/** A new training in a folder of the running test, to its end. */
export async function finished(options: TrainOptions = {}, data = digits) {
  const out = join(await temporaryFolder(), "run");
  const run = training({ ...options, out }, data);
  const told = await follow(run);
  return { out, run, told };
}

/**
 * Makes time pass by so many milliseconds whenever somebody looks, until mocks are restored: how many steps a run of
 * the graph has depends on that alone.
 */
export function tick(milliseconds: number): void {
  let now = 0;
  vi.spyOn(performance, "now").mockImplementation(() => {
    now += milliseconds;
    return now;
  });
}
