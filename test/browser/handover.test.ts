/** A training that is begun on one device and gone on with on another has the losses of one that stayed. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readSafetensors, writeSafetensors } from "../../runtime/safetensors.ts";
import { beginning } from "../../runtime/trainer.ts";
import { jobs } from "../support/devices/jobs.ts";
import { chromiumPlaces, nodePlaces } from "../support/devices/places.ts";
import { type OpenPlace, PATIENCE } from "../support/devices/suite.ts";
import type { Epoch, Job, Saved } from "../support/devices/work.ts";

const present = [...(await nodePlaces()), ...chromiumPlaces()].filter(({ missing }) => missing === undefined);
const titles = present.map(({ title }) => title);
if (present.length < 4)
  console.info(`not all devices are here: trainings cross between ${titles.join(", ")}`);
const places = new Map<string, OpenPlace>();

beforeAll(async () => {
  for (const { title, open } of present) places.set(title, await open());
});
afterAll(async () => {
  for (const place of places.values()) await place.close();
});

/** What is there before the first step. */
function startOf({ state }: Job): Saved {
  return { checkpoint: writeSafetensors({ tensors: state, metadata: {} }), position: beginning };
}

/** Trains an epoch at each place in turn, from the checkpoint of the one before. */
async function epochs(job: Job, route: readonly string[], start: Saved = startOf(job)): Promise<Epoch[]> {
  const done: Epoch[] = [];
  for (const title of route) done.push(await places.get(title)!.trainEpoch(job, done.at(-1) ?? start));
  return done;
}

function expectSame(actual: readonly Epoch[], expected: readonly Epoch[]): void {
  expect(actual.length).toBe(expected.length);
  for (const [i, { loss, validation, position }] of expected.entries()) {
    expect(Math.abs(actual[i]!.loss / loss - 1)).toBeLessThan(1e-4);
    expect(Math.abs(actual[i]!.validation / validation - 1)).toBeLessThan(1e-4);
    expect(actual[i]!.position.epoch).toBe(position.epoch);
  }
  const [got, wanted] = [stateOf(actual.at(-1)!), stateOf(expected.at(-1)!)];
  expect(Object.keys(got)).toEqual(Object.keys(wanted));
  for (const [name, { data }] of Object.entries(wanted)) {
    const values = Array.from(data, Number);
    const apart = Math.max(...values.map((value, k) => Math.abs(value - Number(got[name]!.data[k]))));
    expect(apart / Math.max(...values.map(Math.abs)), name).toBeLessThan(1e-3);
  }
}

const stateOf = ({ checkpoint }: Saved) => readSafetensors(checkpoint, "checkpoint").tensors;

const [[, dense], [, convolutional]] = jobs as [(typeof jobs)[0], (typeof jobs)[0]];

describe("20 steps on one device and 20 on another", () => {
  let stayed: Epoch[];
  const begun = new Map<string, Epoch>();

  beforeAll(async () => {
    stayed = await epochs(dense, ["cpu in Node", "cpu in Node"]);
    for (const title of titles) begun.set(title, (await epochs(dense, [title]))[0]!);
  }, PATIENCE);

  test.each(titles.flatMap((from) => titles.map((to) => [from, to] as const)))(
    "%s, %s",
    async (from, to) => {
      const first = begun.get(from)!;
      expectSame([first, ...(await epochs(dense, [to], first))], stayed);
    },
    PATIENCE,
  );
});

// 107 digits: 26 are for validation, and the others make epochs of ten steps; four of those are 40 steps.
const job: Job = {
  ...convolutional,
  config: { ...convolutional.config, epochs: 4 },
  pixels: convolutional.pixels.subarray(0, 107 * 28 ** 2),
};

test.each(titles.filter((title) => title.endsWith("in Chromium")))(
  "the convolutional model from Node to %s and home again",
  async (away) => {
    const home = "cpu in Node";
    const stayed = await epochs(job, [home, home, home, home]);
    expectSame(await epochs(job, [home, away, away, home]), stayed);
  },
  PATIENCE,
);
