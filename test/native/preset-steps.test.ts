/** Training steps of every preset: ONNX Runtime against the interpreter's float64, and the three graphs against each other. */
import { beforeAll, describe, expect, test } from "vitest";
import { parse } from "../../graphs/config.ts";
import { stepGraph } from "../../graphs/step.ts";
import { trainingConfig } from "../../graphs/training-config.ts";
import { openLoop } from "../../runtime/engine/loop.ts";
import { openSteps } from "../../runtime/engine/steps.ts";
import { Feeds } from "../../runtime/feeds.ts";
import { nodeHost } from "../../runtime/host/node.ts";
import { Session } from "../../runtime/session.ts";
import type { Tensors } from "../../src/ir/tensor.ts";
import { type Feed, run as interpret } from "../support/interpreter/interpreter.ts";
import { drawnState, normalised, type Tiny, tinyPresets } from "../support/presets.ts";
import { lossNames, part, takeSteps } from "../support/stepping.ts";

const STEPS = 3;
/** Graphs so small are done before a second thread has begun. */
const options = { threads: 1 };

/** The steps of a preset, after an epoch, so that what is warmed up counts. */
function jobOf({ model, training, data }: Tiny) {
  const { images } = data.train;
  const config = parse(trainingConfig, { ...training, epochs: 10 }, "training");
  const state = drawnState(model, config);
  const feeds = new Feeds(model, config, images.count).of(1, 0, STEPS);
  return { task: { description: model, config, images, state }, feeds };
}

/** What each step of `step.onnx` is fed with besides the state. */
function feedsOfStep({ task: { images }, feeds }: ReturnType<typeof jobOf>, step: number): Tensors {
  const { index, ...others } = Object.fromEntries(
    Object.entries(feeds).map(([name, all]) => [name, part(all, step)]),
  );
  const batch = images.pick(index!.data as Int32Array);
  return { ...others, image: batch.toTensor(), label: batch.labelTensor() };
}

type Numbers = Readonly<Record<string, Feed>>;

/** The losses `[steps]`, and the state after the last, of steps that are taken one by one. */
async function stepwise(
  job: ReturnType<typeof jobOf>,
  inputs: readonly string[],
  take: (feeds: Numbers) => Promise<Numbers>,
): Promise<Numbers> {
  const losses = Object.fromEntries(lossNames.map((name) => [name, [] as number[]]));
  let state: Numbers = job.task.state;
  for (let step = 0; step < STEPS; step++) {
    const all: Numbers = { ...state, ...feedsOfStep(job, step) };
    const results = await take(Object.fromEntries(inputs.map((name) => [name, all[name]!])));
    for (const name of lossNames) losses[name]!.push(Number(results[name]!.data[0]));
    state = Object.fromEntries(Object.keys(state).map((name) => [name, results[`${name}.next`]!]));
  }
  return {
    ...state,
    ...Object.fromEntries(lossNames.map((name) => [name, { shape: [STEPS], data: losses[name]! }])),
  };
}

describe.each([...tinyPresets, normalised])("$name", (tiny) => {
  const job = jobOf(tiny);
  const graph = stepGraph(tiny.model, job.task.config);
  const inputs = Object.keys(graph.inputs);
  let step: Numbers;

  beforeAll(async () => {
    const session = await Session.open(graph, nodeHost, options);
    step = await stepwise(job, inputs, async (feeds) => (await session.run(feeds as Tensors)) as Tensors);
    await session.release();
  });

  test("step.onnx does what float64 says", async () => {
    expectSame(step, await stepwise(job, inputs, async (feeds) => interpret(graph, feeds)));
  });

  test.each([
    ["training.onnx", openLoop],
    ["the step on resident images", openSteps],
  ])("%s does what step.onnx does", async (_, open) => {
    expectSame(await takeSteps(open, job.task, { host: nodeHost, ...options }, job.feeds, 1), step);
  });
});

/** That losses agree to 1e-5 of the whole loss, and every tensor to 1e-4 of its largest element. */
function expectSame(actual: Numbers, expected: Numbers): void {
  expect(Object.keys(actual).sort()).toEqual(Object.keys(expected).sort());
  for (const [name, { shape, data }] of Object.entries(expected)) {
    const [got, want] = [numbers(actual[name]!), numbers({ shape, data })];
    expect(actual[name]!.shape, name).toEqual(shape);
    const isLoss = (lossNames as readonly string[]).includes(name);
    const largest = Math.max(...want.map(Math.abs));
    for (const [i, value] of want.entries()) {
      const allowed = isLoss ? 1e-5 * Math.abs(Number(expected.loss!.data[i])) : 1e-4 * largest;
      expect(Math.abs(got[i]! - value), `${name}[${i}]: ${got[i]}, ${value}`).toBeLessThanOrEqual(allowed);
    }
  }
}

function numbers({ data }: Feed): number[] {
  return Array.from(data, Number);
}
