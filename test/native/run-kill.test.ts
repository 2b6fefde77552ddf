/** Deaths and full disks in the middle of every file, in a process that lives on to look at what is left. */
import type * as FileSystem from "node:fs/promises";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { nodeHost } from "../../runtime/host/node.ts";
import { nodeFiles } from "../../runtime/host/node-files.ts";
import { nodePlatform } from "../../runtime/node-platform.ts";
import { Run } from "../../runtime/run.ts";
import { RunDirectory } from "../../runtime/run-directory.ts";
import { TrainingRun } from "../../runtime/training-run.ts";
import { temporaryFolder } from "../support/idx.ts";
import { outcome } from "../support/outcome.ts";
import { sharedFolder, tinyDigits, tinyModel, tinyTraining } from "../support/tiny.ts";

// Dozens of trainings, where others may keep the machine busy.
vi.setConfig({ testTimeout: 300_000 });

/** What happens half way through writing a file, and before anything is renamed. */
const intercept = vi.hoisted(() => ({ change: async (): Promise<void> => {} }));
const opened = vi.hoisted(() => new Set<FileSystem.FileHandle>());

vi.mock("node:fs/promises", async (original) => {
  const fs = await original<typeof FileSystem>();
  return {
    ...fs,
    rename: async (from: string, to: string) => {
      await intercept.change();
      await fs.rename(from, to);
    },
    open: async (path: string, flags: string) => {
      const file = await fs.open(path, flags);
      opened.add(file);
      return {
        writeFile: async (content: Uint8Array | string) => {
          const bytes = Buffer.from(content);
          await file.write(bytes.subarray(0, bytes.length / 2));
          await intercept.change();
          await file.write(bytes.subarray(bytes.length / 2));
        },
        sync: () => file.sync(),
        close: () => {
          opened.delete(file);
          return file.close();
        },
      };
    },
  };
});

afterEach(() => {
  intercept.change = async () => {};
});

/** What the end of a process does for it. */
async function closeAll(): Promise<void> {
  for (const file of opened) await file.close();
  opened.clear();
}

const digits = tinyDigits();
const training = (out: string, resume = false) =>
  new TrainingRun(
    tinyModel,
    digits,
    { ...tinyTraining, epochs: 2, out, resume, report: false },
    nodePlatform,
  );

async function finish(run: TrainingRun): Promise<void> {
  for await (const _ of run);
}

/** How many operations there are in a training that nothing happens to, and what it leaves. */
let operations = 0;
let undisturbed: Awaited<ReturnType<typeof outcome>>;
const shared = sharedFolder();
beforeAll(async () => {
  intercept.change = async () => void operations++;
  await finish(training(join(shared, "run")));
  intercept.change = async () => {};
  undisturbed = await outcome(join(shared, "run"));
  expect(operations).toBeGreaterThan(30);
});

/** Every operation until the training is over, and some of those that write its models. */
function moments(): number[] {
  return Array.from({ length: operations }, (_, i) => i + 1).filter((at) => at < 21 || at % 4 === 0);
}

/** Trains until operation `at` (from 1), which never ends: nothing that would come after it happens, as after a kill. */
async function dieAt(at: number, run: TrainingRun): Promise<void> {
  let done = 0;
  const died = new Promise<void>((resolve) => {
    intercept.change = async () => {
      if (++done < at) return;
      resolve();
      await new Promise(() => {});
    };
  });
  await Promise.race([died, finish(run)]);
  intercept.change = async () => {};
  await closeAll();
}

/** Trains until operation `at` fails, as on a full disk; gives the message. */
async function failAt(at: number, run: TrainingRun): Promise<string> {
  let done = 0;
  intercept.change = async () => {
    if (++done === at) throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
  };
  const message = await finish(run).then(
    () => "no error",
    (error: Error) => error.message,
  );
  intercept.change = async () => {};
  return message;
}

describe("a run", () => {
  test("killed anywhere is whole or not there, and ends as one that was not killed", async () => {
    for (const at of moments()) {
      const folder = await temporaryFolder();
      const out = join(folder, "run");
      await dieAt(at, training(out));
      if (await RunDirectory.isAt(out, nodeFiles)) {
        const run = await Run.open(out, nodeHost);
        const { state } = await run.directory.readCheckpoint();
        expect(Object.keys(state)).toContain("step");
        await run.directory.readMetrics();
      } else {
        expect(await readdir(folder)).not.toContain("run");
      }
      await finish(training(out, true));
      expect(await outcome(out), `killed at operation ${at}`).toEqual(undisturbed);
      expect(await readdir(folder)).toEqual(["run"]);
    }
  });

  test("killed again and again, each time a little later, ends as one that was not killed", async () => {
    const folder = await temporaryFolder();
    const out = join(folder, "run");
    for (let at = 1; at <= 30; at += 2) await dieAt(at, training(out, true));
    await finish(training(out, true));
    expect(await outcome(out)).toEqual(undisturbed);
    expect(await readdir(folder)).toEqual(["run"]);
  });

  test("on a disk that is full at any operation says so in one line, and keeps what is whole", async () => {
    for (const at of moments()) {
      const folder = await temporaryFolder();
      const out = join(folder, "run");
      const message = await failAt(at, training(out));
      expect(message, `full at operation ${at}`).toMatch(/^\S+: can't be written: the disk is full$/);
      expect(message.startsWith(out)).toBe(true);
      const there = await readdir(folder);
      expect(there.filter((name) => name !== "run")).toEqual([]);
      if (there.length > 0) {
        expect((await readdir(out)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
        await (await RunDirectory.open(out, nodeFiles)).readCheckpoint();
      }
    }
  });
});
