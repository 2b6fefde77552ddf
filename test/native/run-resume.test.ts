import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { ModelInput } from "../../graphs/families.ts";
import { nodeHost } from "../../runtime/host/node.ts";
import { nodeFiles } from "../../runtime/host/node-files.ts";
import { nodePlatform } from "../../runtime/node-platform.ts";
import { Run } from "../../runtime/run.ts";
import { RunDirectory } from "../../runtime/run-directory.ts";
import { TrainingRun, type TrainOptions } from "../../runtime/training-run.ts";
import { temporaryFolder } from "../support/idx.ts";
import { outcome } from "../support/outcome.ts";
import { tinyDigits, tinyModel } from "../support/tiny.ts";
import { digits, finished, follow, tick, training } from "../support/training.ts";

afterEach(() => void vi.restoreAllMocks());

describe("a run stopped and gone on with", () => {
  /** What a training of 17 steps an epoch that nobody stopped leaves. */
  const options = { batch: 8, epochs: 3 };
  const uninterrupted = async () => outcome((await finished(options)).out);

  test.each([
    ["in the middle of the first epoch", 1, 11],
    ["in the middle of a later one", 2, 3],
    ["at an epoch's end", 2, 17],
    ["at the very end", 3, 17],
  ])("by a signal %s ends as one that was not", async (_, epoch, step) => {
    const out = join(await temporaryFolder(), "run");
    const stop = new AbortController();
    tick(60_000);
    const run = training({ ...options, out, signal: stop.signal });
    const told = await follow(run, (progress) => {
      if (progress.epoch === epoch && progress.step === step) stop.abort();
      return false;
    });
    expect(told.at(-1)).toMatchObject({ epoch, step });
    const isOver = epoch === 3 && step === 17;
    expect(run.isStopped).toBe(!isOver);
    if (!isOver) {
      expect(() => run.result).toThrow(
        "train: there is no result yet: iterate over the run to its end first",
      );
      const { position } = await (await RunDirectory.open(out, nodeFiles)).readCheckpoint();
      expect(position).toMatchObject(step === 17 ? { epoch, step: 0 } : { epoch: epoch - 1, step });
    }
    vi.restoreAllMocks();
    const rest = training({ ...options, out, resume: true });
    await follow(rest);
    expect(rest.isStopped).toBe(false);
    expect(await outcome(out)).toEqual(await uninterrupted());
  });

  test("by leaving the loop ends as one that was not", async () => {
    const out = join(await temporaryFolder(), "run");
    tick(60_000);
    const run = training({ ...options, out });
    await follow(run, ({ epoch, step }) => epoch === 2 && step === 5);
    expect(run.isStopped).toBe(true);
    const again = training({ ...options, out, resume: true });
    await follow(again, ({ epoch, step }) => epoch === 2 && step === 16);
    expect(again.isStopped).toBe(true);
    await follow(training({ ...options, out, resume: true }));
    expect(await outcome(out)).toEqual(await uninterrupted());
  });

  test("before its first step has a checkpoint to begin from", async () => {
    const out = join(await temporaryFolder(), "run");
    const run = training({ ...options, out, signal: AbortSignal.abort() });
    expect(await follow(run)).toEqual([]);
    expect(run.isStopped).toBe(true);
    await follow(training({ ...options, out, resume: true }));
    expect(await outcome(out)).toEqual(await uninterrupted());
  });

  test("keeps the time that was spent before", async () => {
    const out = join(await temporaryFolder(), "run");
    tick(1000);
    await follow(
      training({ ...options, out }),
      ({ epoch, validation }) => epoch === 2 && validation !== null,
    );
    const before = (await (await RunDirectory.open(out, nodeFiles)).readMetrics()).at(-1)!.seconds;
    const rest = training({ ...options, out, resume: true });
    await follow(rest);
    expect(rest.result.seconds).toBeGreaterThan(before);
    const speed = rest.result.imagesPerSecond;
    const again = training({ ...options, out, resume: true });
    await follow(again);
    expect(again.result).toEqual({ ...rest.result, imagesPerSecond: speed });
  });

  test("between an epoch's last step and its validation goes on with that, at no speed", async () => {
    const out = join(await temporaryFolder(), "run");
    const last = { ...options, epochs: 1 };
    tick(60_000);
    await follow(training({ ...last, out }), ({ step }) => step === 16);
    vi.restoreAllMocks();
    const directory = await RunDirectory.open(out, nodeFiles);
    const { state, position } = await directory.readCheckpoint();
    await directory.writeCheckpoint({ state, position: { ...position, step: 17 } });
    const rest = training({ ...last, out, resume: true });
    expect(await follow(rest)).toEqual([
      expect.objectContaining({ epoch: 1, step: 17, imagesPerSecond: 0, secondsLeft: 0 }),
    ]);
    expect(rest.result).toMatchObject({ imagesPerSecond: null, millisecondsPerStep: null });
    expect(await directory.readMetrics()).toMatchObject([{ epoch: 1, imagesPerSecond: 0 }]);
  });

  test("from before there was the setting outputBias ends and is evaluated as one of today", async () => {
    const out = join(await temporaryFolder(), "run");
    const forget = async () => {
      const { model, ...config } = JSON.parse(await readFile(join(out, "run.json"), "utf8"));
      const { outputBias, ...before } = model;
      expect(outputBias).toBe("initialiser");
      await writeFile(join(out, "run.json"), JSON.stringify({ ...config, model: before }));
    };
    await follow(training({ ...options, out }), ({ validation }) => validation !== null);
    await forget();
    const rest = training({ ...options, out, resume: true });
    await follow(rest);
    expect(await outcome(out)).toEqual(await uninterrupted());
    await forget();
    expect(await (await Run.open(out, nodeHost)).evaluate(digits)).toEqual(rest.result.test);
  });

  test("is gone on with to more epochs, and knows of them from then on", async () => {
    const constant = { ...options, learningRateSchedule: { kind: "constant" } } as const;
    const { out } = await finished({ ...constant, epochs: 1 });
    const stop = new AbortController();
    const more = training({ ...constant, epochs: 3, out, resume: true, signal: stop.signal });
    await follow(more, () => {
      stop.abort();
      return false;
    });
    const config = await (await RunDirectory.open(out, nodeFiles)).readConfig();
    expect(config.training.epochs).toBe(3);
    expect(config.result).toBeUndefined();
    await follow(training({ ...constant, epochs: 3, out, resume: true }));
    expect(await outcome(out)).toEqual(await outcome((await finished(constant)).out));
  });

  test("begins where there is none yet, in an empty folder too", async () => {
    const out = await temporaryFolder();
    await follow(training({ ...options, out, resume: true }));
    expect(await outcome(out)).toEqual(await uninterrupted());
  });

  test.each<[string, TrainOptions, string]>([
    ["another seed", { seed: 2 }, "seed is 2, and was 1 when the run began"],
    ["another batch", { batch: 16 }, "batch is 16, and was 8 when the run began"],
    ["a setting it did not have", { clipNorm: 1 }, "clipNorm is 1, and was not set when the run began"],
    [
      "another optimizer",
      { optimizer: { kind: "sgd" } },
      'optimizer is {"kind":"sgd","momentum":0,"weightDecay":0}, and was {"kind":"adam",',
    ],
  ])("is refused with %s", async (_, other, message) => {
    const { out } = await finished(options);
    const before = await outcome(out);
    const run = training({ ...options, ...other, out, resume: true });
    await expect(follow(run)).rejects.toThrow(`${out}: can't be resumed: ${message}`);
    expect(await outcome(out)).toEqual(before);
  });

  test("is refused without a setting it had, with another model and with other data", async () => {
    const { out } = await finished({ ...options, clipNorm: 5 });
    const before = await outcome(out);
    const resumed = { ...options, out, resume: true };
    await expect(follow(training(resumed))).rejects.toThrow(
      "clipNorm is not set, and was 5 when the run began",
    );
    const wider = new TrainingRun({ ...tinyModel, hidden: [9] } as ModelInput, digits, resumed, nodePlatform);
    await expect(follow(wider)).rejects.toThrow("hidden is [9], and was [8] when the run began");
    await expect(follow(training({ ...resumed, clipNorm: 5 }, tinyDigits(2)))).rejects.toThrow(
      `${out}: can't be resumed: its data (tiny) are not those that it began with`,
    );
    expect(await outcome(out)).toEqual(before);
  });
});
