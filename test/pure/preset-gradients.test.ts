/** The gradient that every preset steps along, against the slope of its loss in float64. */
import { expect, test } from "vitest";
import { parse } from "../../graphs/config.ts";
import { parametersOf } from "../../graphs/families.ts";
import { stepGraph } from "../../graphs/step.ts";
import { trainingConfig } from "../../graphs/training-config.ts";
import { Feeds } from "../../runtime/feeds.ts";
import { Random } from "../../src/data/random.ts";
import { type Feed, run } from "../support/interpreter/interpreter.ts";
import { drawnState, normalised, tinyPresets } from "../support/presets.ts";
import { part } from "../support/stepping.ts";

/** What passes a gradient straight through a choice has another slope than its loss: `vq-vae.test.ts` has it. */
const smooth = [...tinyPresets, normalised].filter(({ model }) => model.family !== "vq-vae");

test.each(smooth)("$name", ({ model, training, data }) => {
  const config = parse(trainingConfig, { ...training, epochs: 10, optimizer: { kind: "sgd" } }, "training");
  const { images } = data.train;
  const { index, ...drawn } = new Feeds(model, config, images.count).of(1, 0, 1);
  const batch = images.pick(index.data);
  const graph = stepGraph(model, config);
  const fed: Record<string, Feed> = {
    ...drawnState(model, config),
    image: batch.toTensor(),
    label: batch.labelTensor(),
    ...Object.fromEntries(Object.entries(drawn).map(([name, of]) => [name, part(of, 0)])),
    learning_rate: { shape: [], data: [1] },
  };
  const feeds = Object.fromEntries(Object.keys(graph.inputs).map((name) => [name, fed[name]!]));
  const names = parametersOf(model).flatMap(({ name, isTrainable }) => (isTrainable ? [name] : []));
  const direction = new Map(
    names.map((name) => {
      const random = new Random(9, name);
      return [name, Array.from(feeds[name]!.data, () => random.normal())] as const;
    }),
  );
  const lossAt = (distance: number) => {
    const moved = [...direction].map(([name, way]) => {
      const { shape, data } = feeds[name]!;
      return [name, { shape, data: way.map((value, i) => Number(data[i]) + distance * value) }] as const;
    });
    return run(graph, { ...feeds, ...Object.fromEntries(moved) }).loss!.data[0]!;
  };
  const h = 1e-6;
  const slope = (lossAt(h) - lossAt(-h)) / (2 * h);
  // A step of rate 1 is the gradient itself.
  const next = run(graph, feeds);
  let along = 0;
  for (const [name, way] of direction) {
    const { data } = next[`${name}.next`]!;
    for (const [i, value] of way.entries()) along += value * (Number(feeds[name]!.data[i]) - data[i]!);
  }
  expect(along / slope).toBeCloseTo(1, 6);
});
