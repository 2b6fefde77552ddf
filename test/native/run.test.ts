import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Evaluator } from "../../runtime/evaluate.ts";
import { nodeHost } from "../../runtime/host/node.ts";
import { nodeFiles } from "../../runtime/host/node-files.ts";
import { nodePlatform } from "../../runtime/node-platform.ts";
import { Run } from "../../runtime/run.ts";
import { RunDirectory } from "../../runtime/run-directory.ts";
import { type Progress, Trainer } from "../../runtime/trainer.ts";
import { TrainingRun, type TrainOptions } from "../../runtime/training-run.ts";
import { IsthmusError } from "../../src/ir/error.ts";
import { temporaryFolder } from "../support/idx.ts";
import { outcome } from "../support/outcome.ts";
import { tinyModel } from "../support/tiny.ts";
import { digits, finished, follow, tick, training } from "../support/training.ts";

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
    const last = await (await RunDirectory.open(out, nodeFiles)).readCheckpoint();
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

    const directory = await RunDirectory.open(out, nodeFiles);
    const { state, position } = await directory.readCheckpoint();
    expect(position).toMatchObject({ epoch: 1, step: 0, best: { epoch: 1 } });
    for (const { data } of Object.values(state))
      expect((data as Float32Array).every(Number.isFinite)).toBe(true);
    const good = await finished({ epochs: 1, learningRateSchedule: { kind: "constant" } });
    const { state: expected } = await (await RunDirectory.open(good.out, nodeFiles)).readCheckpoint();
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
    expect((await (await RunDirectory.open(out, nodeFiles)).readCheckpoint()).position.epoch).toBe(0);
  });

  test("is found on the test images as well: the run has no result, and can still be read", async () => {
    const out = join(await temporaryFolder(), "run");
    const measured = vi.spyOn(Trainer.prototype, "losses");
    measured.mockImplementation(async (_, images) => {
      const loss = images === digits.test.images ? Number.POSITIVE_INFINITY : 1;
      return { loss, reconstruction: loss, kl: 0 };
    });
    await expect(follow(training({ out }))).rejects.toThrow(
      "train: the test loss is Infinity after epoch 3: the last checkpoint stays; try a lower learning rate",
    );
    expect((await Run.open(out, nodeHost)).config.result).toBeUndefined();
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
      () => new TrainingRun({ ...tinyModel, latent: 0 }, digits, {}, nodePlatform),
      "model: latent must be at least 1, is 0",
    ],
    [
      "images of another shape",
      () =>
        new TrainingRun(
          { ...tinyModel, image: { channels: 3, height: 28, width: 28 } },
          digits,
          {},
          nodePlatform,
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
