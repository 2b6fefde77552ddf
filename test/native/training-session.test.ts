/** ONNX Runtime's TrainingSession in Node, on files made here, against our own graphs. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { gradientGraph, gradientName } from "../../graphs/gradients.ts";
import { stepGraph } from "../../graphs/step.ts";
import { openLoop } from "../../runtime/engine/loop.ts";
import { nodeHost } from "../../runtime/host/node.ts";
import { loadTraining } from "../../runtime/host/node-training.ts";
import { Session } from "../../runtime/session.ts";
import { trainingSession } from "../../runtime/training-session/engine.ts";
import { trainingFiles } from "../../runtime/training-session/files.ts";
import { openSessionEngine } from "../../runtime/training-session/node.ts";
import { scalar, type Tensor, type Tensors, tensor } from "../../src/ir/tensor.ts";
import { apart } from "../support/difference.ts";
import { beginningOf, feedsOf, followSteps, STEPS } from "../support/following.ts";
import { expectSameTraining, job, jobs, taskOf } from "../support/sessions.ts";
import { lossNames, part, parts, takeSteps } from "../support/stepping.ts";

const host = { host: nodeHost };

describe.each(jobs)("%s", (title, of, bounds) => {
  const { images: _, ...feeds } = feedsOf(of);
  const open = trainingSession(loadTraining, of.training.learningRate);

  test(`follows step.onnx for ${STEPS} steps, at rates that fall`, async () => {
    const actual = await takeSteps(open, taskOf(of), host, feeds, 5);
    expectSameTraining(actual, await followSteps(of), [title, of, bounds]);
  });

  test("goes on from the state that it gave", async () => {
    const once = await takeSteps(open, taskOf(of), host, feeds, 1);
    const first = await takeSteps(open, taskOf(of), host, parts(feeds, 0, 25), 1);
    const state = Object.fromEntries(Object.keys(beginningOf(of)).map((name) => [name, first[name]!]));
    const second = await takeSteps(open, { ...taskOf(of), state }, host, parts(feeds, 25, 50), 1);
    for (const name of Object.keys(state)) expect(apart(second[name]!, once[name]!), name).toBeLessThan(2e-5);
    expect(second.step!.data).toEqual(Float32Array.of(50));
  });

  test("its state can be asked for at any time, and changes nothing", async () => {
    const engine = await open(taskOf(of), host);
    const before = await engine.state();
    for (const [name, value] of Object.entries(beginningOf(of)))
      expect(apart(before[name]!, value), name).toBe(0);
    await engine.run(feeds as never);
    const after = await engine.state();
    const again = await engine.state();
    for (const [name, value] of Object.entries(after)) expect(apart(again[name]!, value), name).toBe(0);
    for (const [name, value] of Object.entries(engine.placed()))
      expect(apart(after[name]!, value as Tensor), name).toBe(0);
    await engine.release();
  });
});

describe("the exported files, as an application would use them", () => {
  // Nothing but ONNX Runtime's own words from here on: it alone says whether the files are right.
  const of = jobs[0]![1];
  const { images: _, ...fed } = feedsOf(of);
  // The web package has no other rate than this.
  const feeds: Tensors = {
    ...fed,
    learning_rate: tensor("float32", [STEPS], new Float32Array(STEPS).fill(1e-3)),
  };

  async function openFiles(state: Tensors) {
    const files = trainingFiles(of, state);
    const runtime = (await loadTraining()) as unknown as Runtime;
    const session = await runtime.TrainingSession.create({
      checkpointState: files.checkpoint!,
      trainModel: files["training_model.onnx"]!,
      evalModel: files["eval_model.onnx"]!,
      optimizerModel: files["optimizer_model.onnx"]!,
    });
    const batch = (step: number) => {
      const image = of.images.pick(part(feeds.index!, step).data as Int32Array).toTensor();
      const named = { image, noise: part(feeds.noise!, step), kl_weight: part(feeds.kl_weight!, step) };
      return Object.fromEntries(
        Object.entries(named).map(([name, { shape, data }]) => [
          name,
          new runtime.Tensor("float32", data, shape),
        ]),
      );
    };
    return { session, batch };
  }

  test("train by AdamW, from moments that are not zero, as our own graphs do", async () => {
    const begun = await takeSteps(openLoop, taskOf(of), host, feeds, 1);
    const state = Object.fromEntries(Object.keys(beginningOf(of)).map((name) => [name, begun[name]!]));
    const expected = await takeSteps(openLoop, { ...taskOf(of), state }, host, feeds, 1);

    const { session, batch } = await openFiles(state);
    expect(session.trainingInputNames).toEqual(["image", "noise", "kl_weight"]);
    expect(session.trainingOutputNames).toEqual(lossNames);
    const losses: number[] = [];
    for (let step = 0; step < STEPS; step++) {
      const { loss } = await session.runTrainStep(batch(step));
      losses.push(loss!.data[0]!);
      await session.runOptimizerStep();
      await session.lazyResetGrad();
    }
    const { data } = await session.getContiguousParameters(true);
    await session.release();
    expect(apart(tensor("float32", [STEPS], Float32Array.from(losses)), expected.loss!)).toBeLessThan(1e-5);
    let at = 0;
    for (const name of Object.keys(state).filter(
      (name) => !/^(first_moment\.|second_moment\.|step)/.test(name),
    )) {
      const value = expected[name] as Tensor<"float32">;
      const actual = tensor("float32", value.shape, data.subarray(at, at + value.data.length));
      expect(apart(actual, value), name).toBeLessThan(1e-3);
      at += value.data.length;
    }
    expect(at).toBe(data.length);
  });

  test("gradients of several batches add up until they are reset", async () => {
    const graph = await Session.open(gradientGraph(of.model, of.training), nodeHost);
    const { step: _, ...first } = beginningOf(of);
    const parameters = Object.fromEntries(
      Object.entries(first).filter(([name]) => !name.includes("_moment.")),
    );
    const gradients = async (step: number) => {
      const image = of.images.pick(part(feeds.index!, step).data as Int32Array).toTensor();
      const fed = { image, noise: part(feeds.noise!, step), kl_weight: part(feeds.kl_weight!, step) };
      const found = await graph.run({ ...parameters, ...fed });
      return Object.keys(parameters).flatMap((name) => [
        ...(found[gradientName(name)]!.data as Float32Array),
      ]);
    };
    const [once, twice] = [await gradients(0), await gradients(1)];
    await graph.release();

    const { session, batch } = await openFiles(beginningOf(of));
    const before = (await session.getContiguousParameters(true)).data;
    await session.runTrainStep(batch(2));
    await session.lazyResetGrad();
    await session.runTrainStep(batch(0));
    await session.runTrainStep(batch(1));
    await session.runOptimizerStep();
    const after = (await session.getContiguousParameters(true)).data;
    await session.release();
    // Adam's first step is the sign of the gradient alone; where that is near 0, rounding decides.
    const sums = once.map((value, i) => value + twice[i]!);
    const clear = sums.flatMap((sum, i) => (Math.abs(sum) > 1e-3 ? [i] : []));
    expect(clear.length).toBeGreaterThan(10_000);
    const wrong = (of: readonly number[]) =>
      clear.filter((i) => Math.sign(before[i]! - after[i]!) !== Math.sign(of[i]!)).length;
    expect(wrong(sums)).toBe(0);
    expect(wrong(once)).toBeGreaterThan(100);
    expect(wrong(twice)).toBeGreaterThan(100);
  });

  test("eval_model.onnx gives the losses of training without a step", async () => {
    const { session, batch } = await openFiles(beginningOf(of));
    const losses = await session.runEvalStep(batch(3));
    await session.release();
    const step = await Session.open(stepGraph(of.model, of.training), nodeHost);
    const image = of.images.pick(part(feeds.index!, 3).data as Int32Array).toTensor();
    const expected = await step.run({
      ...beginningOf(of),
      image,
      noise: part(feeds.noise!, 3),
      kl_weight: part(feeds.kl_weight!, 3),
      learning_rate: scalar("float32", 0),
    });
    await step.release();
    for (const name of lossNames)
      expect(losses[name]!.data[0]! / Number(expected[name]!.data[0]), name).toBeCloseTo(1, 5);
  });
});

/** The package's own interface, as far as an application needs it. */
interface Runtime {
  readonly Tensor: new (dtype: "float32", data: unknown, shape: readonly number[]) => unknown;
  readonly TrainingSession: { readonly create: (files: Record<string, Uint8Array>) => Promise<Raw> };
}
type Results = Promise<Record<string, { readonly data: Float32Array }>>;
interface Raw {
  readonly trainingInputNames: string[];
  readonly trainingOutputNames: string[];
  readonly runTrainStep: (feeds: Record<string, unknown>) => Results;
  readonly runEvalStep: (feeds: Record<string, unknown>) => Results;
  readonly runOptimizerStep: () => Promise<void>;
  readonly lazyResetGrad: () => Promise<void>;
  readonly getContiguousParameters: (trainableOnly: boolean) => Promise<{ readonly data: Float32Array }>;
  readonly release: () => Promise<void>;
}

describe("what can't be", () => {
  afterEach(() => {
    vi.doUnmock("node:module");
    vi.resetModules();
  });

  test("an optimizer that it has not", async () => {
    const sgd = job({ family: "vae" }, { optimizer: { kind: "sgd" } });
    const fact = "training-session: ONNX Runtime's TrainingSession trains with adam or adamw, not with sgd";
    await expect(openSessionEngine(sgd.training)).rejects.toThrow(fact);
    expect(() => trainingFiles(sgd, beginningOf(sgd))).toThrow(fact);
  });

  test("without its package", async () => {
    vi.resetModules();
    vi.doMock("node:module", () => ({
      createRequire: () => ({
        resolve: () => {
          throw new Error("Cannot find module");
        },
      }),
    }));
    const { loadTraining } = await import("../../runtime/host/node-training.ts");
    await expect(loadTraining()).rejects.toThrow(
      "training-session: needs a package that is not installed: npm install onnxruntime-training@npm:onnxruntime-web@1.19.2",
    );
  });
});
