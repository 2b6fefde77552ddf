import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Evaluator } from "../../runtime/evaluate.ts";
import { nodeHost } from "../../runtime/host/node.ts";
import { Run } from "../../runtime/run.ts";
import { RunDirectory } from "../../runtime/run-directory.ts";
import type { Progress } from "../../runtime/trainer.ts";
import { TrainingRun, type TrainOptions } from "../../runtime/training-run.ts";
import { IsthmusError } from "../../src/ir/error.ts";
import { temporaryFolder } from "../support/idx.ts";
import { outcome } from "../support/outcome.ts";
import { tinyDigits, tinyModel, tinyTraining } from "../support/tiny.ts";

const digits = tinyDigits();

function training(options: TrainOptions, data = digits): TrainingRun {
  return new TrainingRun(tinyModel, data, { ...tinyTraining, report: false, ...options }, nodeHost);
}

/** Trains to the end, or until `until` says so, and gives what it told on the way. */
async function follow(
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
async function finished(options: TrainOptions = {}, data = digits) {
  const out = join(await temporaryFolder(), "run");
  const run = training({ ...options, out }, data);
  const told = await follow(run);
  return { out, run, told };
}

/** Makes time pass by so many milliseconds whenever somebody looks: how long a run is depends on that alone. */
function tick(milliseconds: number): void {
  let now = 0;
  vi.spyOn(performance, "now").mockImplementation(() => {
    now += milliseconds;
    return now;
  });
}

afterEach(() => void vi.restoreAllMocks());

describe("one seed", () => {
  test("gives the same files, bit for bit; another gives others", async () => {
    const first = await outcome((await finished()).out);
    expect(await outcome((await finished()).out)).toEqual(first);
    expect(Object.keys(first)).toEqual([
      "best.safetensors",
      "checkpoint.safetensors",
      "decoder.onnx",
      "encoder.onnx",
      "evaluation.onnx",
      "metrics.jsonl",
      "run.json",
      "step.onnx",
      "training.onnx",
    ]);
    const other = await outcome((await finished({ seed: 2 })).out);
    expect(other["metrics.jsonl"]).not.toEqual(first["metrics.jsonl"]);
    expect(other["checkpoint.safetensors"]).not.toEqual(first["checkpoint.safetensors"]);
  });

  test("gives the same files however many steps a run of the graph has", async () => {
    const options = { batch: 8, epochs: 2 };
    tick(1e-3);
    const fast = await finished(options);
    expect(fast.told.map(({ epoch, step }) => [epoch, step])).toEqual([
      [1, 8],
      [1, 17],
      [2, 17],
    ]);
    tick(400);
    const moderate = await finished(options);
    expect(moderate.told.length).toBeGreaterThan(fast.told.length);
    tick(60_000);
    const slow = await finished(options);
    expect(slow.told.map(({ step }) => step).slice(0, 5)).toEqual([8, 9, 10, 11, 12]);
    expect(slow.told.length).toBe(10 + 17);
    expect(await outcome(moderate.out)).toEqual(await outcome(fast.out));
    expect(await outcome(slow.out)).toEqual(await outcome(fast.out));
  });

  test("gives the same numbers with a run directory and without", async () => {
    const { out, run } = await finished();
    const memory = training({});
    await follow(memory);
    expect({ ...memory.result, ...timeless }).toEqual({ ...run.result, ...timeless });
    expect(memory.parameters).toEqual(run.parameters);
    expect(await readdir(join(out, ".."))).toEqual(["run"]);
  });
});

const timeless = { seconds: null, imagesPerSecond: null, millisecondsPerStep: null };

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
      const { position } = await (await RunDirectory.open(out)).readCheckpoint();
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
    const before = (await (await RunDirectory.open(out)).readMetrics()).at(-1)!.seconds;
    const rest = training({ ...options, out, resume: true });
    await follow(rest);
    expect(rest.result.seconds).toBeGreaterThan(before);
    const speed = rest.result.imagesPerSecond;
    const again = training({ ...options, out, resume: true });
    await follow(again);
    expect(again.result).toEqual({ ...rest.result, imagesPerSecond: speed });
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
    const config = await (await RunDirectory.open(out)).readConfig();
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
    const wider = new TrainingRun({ ...tinyModel, hidden: [9] }, digits, resumed, nodeHost);
    await expect(follow(wider)).rejects.toThrow("hidden is [9], and was [8] when the run began");
    await expect(follow(training({ ...resumed, clipNorm: 5 }, tinyDigits(2)))).rejects.toThrow(
      `${out}: can't be resumed: its data (tiny) are not those that it began with`,
    );
    expect(await outcome(out)).toEqual(before);
  });
});

describe("the best parameters", () => {
  test("are those of the lowest validation loss, and what the result and the models are of", async () => {
    const wild = { learningRate: 3, learningRateSchedule: { kind: "constant" } } as const;
    const { out, run, told } = await finished({ epochs: 8, ...wild });
    const losses = told.flatMap(({ validation }) => (validation === null ? [] : [validation.loss]));
    const lowest = Math.min(...losses);
    const { bestEpoch, validation, epochs, test: tested } = run.result;
    expect([epochs, bestEpoch, validation]).toEqual([8, losses.indexOf(lowest) + 1, lowest]);
    expect(bestEpoch).toBeLessThan(8);
    expect(told.flatMap(({ isBest, validation }) => (validation === null ? [] : [isBest]))).toEqual(
      losses.map((loss, i) => losses.slice(0, i).every((earlier) => loss < earlier)),
    );

    const opened = await Run.open(out, nodeHost);
    expect(opened.parameters).toEqual(run.parameters);
    expect((await opened.evaluate(digits, "validation")).loss).toBe(lowest);
    expect(await opened.evaluate(digits)).toEqual(tested);
    const last = await (await RunDirectory.open(out)).readCheckpoint();
    const evaluator = await Evaluator.open(run.model, nodeHost);
    const ofLast = await evaluator.losses(last.state, digits.validation.images, { seed: 1, klWeight: 1 });
    await evaluator.release();
    expect(ofLast.loss).toBe(losses.at(-1));

    const [here, there] = [await run.models(), await opened.encoder()];
    const images = digits.test.images;
    expect(await there.encode(images)).toEqual(await here.encoder.encode(images));
    expect(Buffer.from(opened.model("encoder")).equals(await readFile(join(out, "encoder.onnx")))).toBe(true);
    for (const model of [here.encoder, here.decoder, there]) await model.release();
  });

  test("end a training that gets no better", async () => {
    const { out, run, told } = await finished({ epochs: 50, patience: 2, learningRate: 1e-30 });
    expect(run.result).toMatchObject({ epochs: 3, bestEpoch: 1 });
    expect(told.filter(({ validation }) => validation !== null).length).toBe(3);
    const resumed = training({ epochs: 50, patience: 4, learningRate: 1e-30, out, resume: true });
    await follow(resumed);
    expect(resumed.result).toMatchObject({ epochs: 5, bestEpoch: 1 });
  });

  test("are the first ones where there are no epochs", async () => {
    const { out, run, told } = await finished({ epochs: 0 });
    expect(told).toEqual([]);
    expect(run.result).toMatchObject({ epochs: 0, bestEpoch: null, validation: null, imagesPerSecond: null });
    expect((await Run.open(out, nodeHost)).parameters["encoder.mean.weight"]).toEqual(
      run.parameters["encoder.mean.weight"],
    );
    expect(await (await Run.open(out, nodeHost)).evaluate(digits)).toEqual(run.result.test);
  });
});

describe("a loss that is not finite", () => {
  test("stops the training in one line, and the last good checkpoint stays", async () => {
    const out = join(await temporaryFolder(), "run");
    // The second epoch learns at a rate of 1e27.
    const learningRateSchedule = { kind: "step", epochs: 1, factor: 1e30 } as const;
    const run = training({ out, learningRateSchedule });
    const told: Progress[] = [];
    const failed = (async () => {
      for await (const progress of run) told.push(progress);
    })();
    await expect(failed).rejects.toBeInstanceOf(IsthmusError);
    await expect(failed).rejects.toThrow(
      /^train: the (loss|reconstruction|kl) is (NaN|-?Infinity) at step [234] of epoch 2: the last checkpoint stays; try a lower learning rate$/,
    );
    expect(told.map(({ epoch, isBest }) => [epoch, isBest])).toEqual([[1, true]]);
    expect(run.isStopped).toBe(false);
    expect((await readdir(out)).sort()).toEqual([
      "best.safetensors",
      "checkpoint.safetensors",
      "metrics.jsonl",
      "run.json",
    ]);

    const directory = await RunDirectory.open(out);
    const { state, position } = await directory.readCheckpoint();
    expect(position).toMatchObject({ epoch: 1, step: 0, best: { epoch: 1 } });
    for (const { data } of Object.values(state))
      expect((data as Float32Array).every(Number.isFinite)).toBe(true);
    const good = await finished({ epochs: 1, learningRateSchedule: { kind: "constant" } });
    const { state: expected } = await (await RunDirectory.open(good.out)).readCheckpoint();
    expect(state).toEqual(expected);
    const losses = await (await Run.open(out, nodeHost)).evaluate(digits, "validation");
    expect(losses.loss).toBe(told[0]!.validation!.loss);
  });

  test("is found at an epoch's end as well, before anything is saved", async () => {
    const out = join(await temporaryFolder(), "run");
    // One step an epoch: its loss is still that of the first state.
    const run = training({ out, batch: 140, learningRate: 1e30 });
    await expect(follow(run)).rejects.toThrow(/^train: the validation loss is \S+ after epoch 1: .+$/);
    expect((await readdir(out)).sort()).toEqual(["checkpoint.safetensors", "metrics.jsonl", "run.json"]);
    expect((await (await RunDirectory.open(out)).readCheckpoint()).position.epoch).toBe(0);
  });
});

describe("a call that can't be", () => {
  test.each<[string, () => unknown, string]>([
    [
      "a batch larger than the data",
      () => training({ batch: 141 }),
      "train: batch 141 is larger than the 140 training images",
    ],
    [
      "latent 0",
      () => new TrainingRun({ ...tinyModel, latent: 0 }, digits, {}, nodeHost),
      "model: latent must be at least 1, is 0",
    ],
    [
      "images of another shape",
      () =>
        new TrainingRun(
          { ...tinyModel, image: { channels: 3, height: 28, width: 28 } },
          digits,
          {},
          nodeHost,
        ),
      "train: the images are 1×28×28, the model takes 3×28×28",
    ],
    [
      "a setting that there is not",
      () => training({ learning_rate: 1 } as TrainOptions),
      'training: has no setting "learning_rate"',
    ],
  ])("is refused at once: %s", (_, make, message) => {
    expect(make).toThrow(expect.objectContaining({ name: "IsthmusError", message }));
  });

  test("is refused where something is in the way, which stays as it is", async () => {
    const { out } = await finished();
    const before = await outcome(out);
    await expect(follow(training({ out }))).rejects.toThrow(
      `${out}: exists and is not empty (it holds a run: continue it with --resume, or choose another --out)`,
    );
    expect(await outcome(out)).toEqual(before);
    const file = join(await temporaryFolder(), "file");
    await writeFile(file, "kept");
    await expect(follow(training({ out: file }))).rejects.toThrow(`${file}: is not a folder`);
    await expect(follow(training({ out: join(file, "run") }))).rejects.toThrow(`${join(file, "run")}: `);
    expect(await readFile(file, "utf8")).toBe("kept");
  });
});
