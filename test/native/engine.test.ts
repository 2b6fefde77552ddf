/** Training with the state on a device: what lies there, what is left when it fails. */

import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "../../graphs/config.ts";
import { describe } from "../../graphs/families.ts";
import { initialState } from "../../graphs/state.ts";
import { trainingConfig } from "../../graphs/training-config.ts";
import { chooseDevice } from "../../runtime/device.ts";
import { openSteps } from "../../runtime/engine/steps.ts";
import type { Finding, Host } from "../../runtime/host/host.ts";
import { nodeHost } from "../../runtime/host/node.ts";
import { nodeFiles } from "../../runtime/host/node-files.ts";
import { RunDirectory } from "../../runtime/run-directory.ts";
import { type Checkpoint, Trainer, type TrainerOptions } from "../../runtime/trainer.ts";
import { TrainingRun } from "../../runtime/training-run.ts";
import { Images } from "../../src/data/images.ts";
import { fakeGpu } from "../support/devices/fake.ts";
import { jobs } from "../support/devices/jobs.ts";
import { takeSteps } from "../support/devices/work.ts";
import { temporaryFolder } from "../support/idx.ts";
import { tinyModel, tinyTraining } from "../support/tiny.ts";
import { digits, follow } from "../support/training.ts";

test.each(jobs)("the %s model takes the same steps with its state on a device", async (_, job) => {
  const gpu = fakeGpu();
  const there = await takeSteps(gpu.host, "webgpu", job);
  const here = await takeSteps(nodeHost, "cpu", job);
  expect(gpu.held.size).toBe(0);
  // Only the pixels come by another way, ⅓ of 24 bits times 1/255 and not a byte by 255: an ulp apart.
  for (const [step, loss] of here.losses.loss.entries())
    expect(Math.abs(there.losses.loss[step]! / loss - 1)).toBeLessThan(1e-5);
});

test("a step leaves nothing on the device but the state and the images", async () => {
  const [, job] = jobs[0]!;
  const gpu = fakeGpu();
  const task = { ...job, images: new Images(job.image, job.pixels) };
  const engine = await openSteps(task, { host: gpu.host, device: "webgpu" });
  const counts: number[] = [];
  for (let run = 0; run < 3; run++) {
    await engine.run(job.feeds as Parameters<typeof engine.run>[0]);
    await engine.state();
    counts.push(gpu.held.size);
  }
  const one = Object.keys(job.state).length + 1;
  expect(counts).toEqual([one, one, one]);
  await engine.release();
  expect(gpu.held.size).toBe(0);
});

test("a device that fails in mid-training leaves the run as it was last saved, and says so", async () => {
  const gpu = fakeGpu();
  const out = join(await temporaryFolder(), "run");
  const begin = (options: { resume?: boolean } = {}) =>
    new TrainingRun(
      tinyModel,
      digits,
      { ...tinyTraining, out, device: "webgpu", report: false, ...options },
      { host: gpu.host, files: nodeFiles },
    );
  const run = begin();
  const told = follow(run, ({ epoch, validation }) => {
    // Four steps, one validation and one download an epoch: the next run but two fails.
    if (epoch === 1 && validation !== null) gpu.failAfter = 10;
    return false;
  });
  expect(await messageOf(told)).toMatch(
    /^train: stopped after (epoch 1|step \d of epoch 2): resident_step: ONNX Runtime: the GPU was lost; the last checkpoint stays, of epoch 1$/,
  );
  const { position } = await (await RunDirectory.open(out, nodeFiles)).readCheckpoint();
  expect(position).toMatchObject({ epoch: 1, step: 0 });

  gpu.failAfter = Infinity;
  const again = begin({ resume: true });
  await follow(again);
  expect(again.result.epochs).toBe(tinyTraining.epochs);
});

test("a trainer that can't be opened leaves nothing open", async () => {
  const { images } = digits.train;
  const data = { train: images, validation: digits.validation.images };
  // The step, the way back, the images, and the evaluation.
  for (let failing = 1; failing <= 4; failing++) {
    const gpu = fakeGpu();
    gpu.failingSession = failing;
    const attempt = Trainer.open(describe(tinyModel), tinyTraining, data, {
      host: gpu.host,
      device: "webgpu",
    });
    expect(await messageOf(attempt)).toMatch(/ONNX Runtime: there is no memory for it$/);
    expect([failing, gpu.sessions.size, gpu.held.size]).toEqual([failing, 0, 0]);
  }
});

test("after a failure there is no checkpoint but the last one", async () => {
  const { images } = digits.train;
  const gpu = fakeGpu();
  const data = { train: images, validation: digits.validation.images };
  const trainer = await Trainer.open(describe(tinyModel), tinyTraining, data, {
    host: gpu.host,
    device: "webgpu",
  });
  gpu.failAfter = 3;
  const steps = trainer.train();
  await messageOf(
    (async () => {
      while (!(await steps.next()).done);
    })(),
  );
  expect(await messageOf(trainer.checkpoint())).toBe(
    "train: has failed: the last checkpoint is all that is left",
  );
  expect(trainer.lastCheckpoint.position).toMatchObject({ epoch: 0, step: 0 });
  await trainer.release();
  expect([gpu.sessions.size, gpu.held.size]).toEqual([0, 0]);
});

test("a checkpoint between an epoch's last step and its validation can be gone on from", async () => {
  const data = { train: digits.train.images, validation: digits.validation.images };
  const begun = { host: nodeHost };
  const last = async (options: TrainerOptions) => {
    const trainer = await Trainer.open(describe(tinyModel), tinyTraining, data, options);
    for await (const _ of trainer.train());
    const { state } = await trainer.checkpoint();
    await trainer.release();
    return state;
  };
  const trainer = await Trainer.open(describe(tinyModel), tinyTraining, data, begun);
  const steps = trainer.train();
  const asked: Promise<Checkpoint>[] = [];
  const isLast = () => trainer.position.step === trainer.stepsPerEpoch;
  const original = trainer.losses.bind(trainer);
  trainer.losses = (...rest) => {
    if (isLast()) asked.push(trainer.checkpoint());
    return original(...rest);
  };
  while (asked.length === 0) await steps.next();
  const checkpoint = await asked[0]!;
  await trainer.release();
  expect(checkpoint.position).toMatchObject({ epoch: 0, step: 4 });
  expect(await last({ ...begun, ...checkpoint })).toEqual(await last(begun));
});

test("images that no WebGPU buffer holds are sent a batch at a time", async () => {
  const description = describe({
    family: "vae",
    image: { channels: 3, height: 1200, width: 1200 },
    hidden: [2],
    latent: 1,
  });
  const config = parse(trainingConfig, { batch: 1 }, "training");
  // 24 images of 4.3 million pixels are 138 MB, three pixels in a float32.
  const images = new Images(description.image, new Uint8Array(24 * 3 * 1200 ** 2).fill(128));
  const gpu = fakeGpu();
  const data = { train: images, validation: images.slice(0, 1) };
  const state = initialState(description, config.optimizer, 1);
  const trainer = await Trainer.open(description, config, data, { host: gpu.host, device: "webgpu", state });
  expect(gpu.held.size).toBe(0);
  for await (const { step } of trainer.train()) if (step >= 1) break;
  expect(gpu.held.size).toBe(Object.keys(state).length);
  await trainer.release();
});

/** A host whose GPU is what is said of it. */
const withGpu = (finding: Finding, isEmulated = false): Host => ({
  ...nodeHost,
  devices: ["webgpu", "cpu"],
  isEmulated: async () => isEmulated,
  probe: async () => finding,
});
const working: Finding = { works: true, detail: "" };
const broken: Finding = { works: false, reason: "there is none", advice: "buy one" };

test.each([
  ["a GPU", withGpu(working), "webgpu"],
  ["a GPU that is the CPU in disguise", withGpu(working, true), "cpu"],
  ["none", withGpu(broken), "cpu"],
] as const)("auto on a machine with %s", async (_, host, chosen) => {
  expect(await chooseDevice(host, "auto")).toBe(chosen);
});

test("a device that was asked for is taken, or refused with the reason and what to do", async () => {
  expect(await chooseDevice(withGpu(working, true), "webgpu")).toBe("webgpu");
  expect(await messageOf(chooseDevice(withGpu(broken), "webgpu"))).toBe(
    "webgpu: does not work here: there is none; buy one",
  );
  expect(await messageOf(chooseDevice(withGpu(broken), "wasm"))).toBe(
    "device: there is no wasm here: choose auto, cpu, webgpu",
  );
});

/** What an attempt that must fail says. */
function messageOf(attempt: Promise<unknown>): Promise<string> {
  return attempt.then(
    () => expect.unreachable("it did not fail"),
    (error: Error) => error.message,
  );
}
