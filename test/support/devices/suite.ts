/** The matrix of devices: the same tests of every operator, of training and of checkpoints for whatever runs them. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DType } from "../../../src/ir/dtype.ts";
import type { Tensors } from "../../../src/ir/tensor.ts";
import { encode } from "../../../src/onnx/encode.ts";
import { difference } from "../difference.ts";
import { run } from "../interpreter/interpreter.ts";
import { courseOf, jobs } from "./jobs.ts";
import { families, partOf, sideBySide } from "./trials.ts";
import type { Epoch, Job, Saved, Taken } from "./work.ts";

/** A device somewhere: in this process, or in a page. */
export interface Place {
  readonly runModel: (model: Uint8Array, feeds: Tensors) => Promise<Tensors>;
  readonly takeSteps: (job: Job) => Promise<Taken>;
  readonly trainEpoch: (job: Job, saved: Saved) => Promise<Epoch>;
}

/** What a device is held to. */
export interface Demand {
  /** The largest difference to float64 in units of a result's largest magnitude (at least 1); 0 for what is missing. */
  readonly tolerance: Readonly<Partial<Record<DType, number>>>;
  /** Whether infinities and NaN must come out where they are due. */
  readonly nonFinite: boolean;
  /** Trials that are left out, by their titles. */
  readonly except: readonly Exception[];
}

/** What a device can't do through no fault of ours. */
export interface Exception {
  readonly trials: RegExp;
  readonly reason: string;
}

export const cpu: Demand = { tolerance: { float32: 1e-6, float64: 2e-15 }, nonFinite: true, except: [] };

/** WGSL lets shaders round divisions, powers and the like less well, and assume that all is finite (§15.7). */
export const shaders: Demand = {
  tolerance: { float32: 1e-5, float64: 2e-15 },
  nonFinite: false,
  except: [
    { trials: /^Pow float32\[2,1,4\] float32\[3,1\]/, reason: "Pow fails where both operands are repeated" },
    {
      trials: /^(Softmax|MatMul|ReduceMax|ReduceMin) float32\[0,3\]/,
      reason: "fails where an operand is empty",
    },
    {
      trials: /^Conv(Transpose)? float32\[\d,\d,\d,\d,\d\]|^MaxPool float32\[1,1,4,3,4\]/,
      reason: "there is no ConvTranspose over three axes",
    },
    {
      trials: /^Slice float32\[6\] .*"ends":\[-1000\]/,
      reason: "an end far before the first element is not cut off",
    },
    { trials: /^Cast .*float16/, reason: "float16 needs a GPU that offers shader-f16" },
  ],
};

/** What the package for the web adds. */
export const webShaders: Demand = {
  ...shaders,
  except: [...shaders.except, { trials: /float64/, reason: "its binary with WebGPU has no float64 kernels" }],
};

/** A place to try, or why it can't be. */
export interface Candidate {
  readonly title: string;
  readonly missing: string | undefined;
  readonly demand: Demand;
  readonly open: () => Promise<OpenPlace>;
}

export interface OpenPlace extends Place {
  readonly close: () => Promise<void>;
}

/** GPUs that the CPU plays take a second a step, more where it has other things to do. */
export const PATIENCE = 300_000;

/** Registers the tests of every candidate; those of one that is missing are skipped. */
export function testCandidates(candidates: readonly Candidate[]): void {
  for (const { title, missing, demand, open } of candidates) {
    const left = demand.except.map(({ trials, reason }) => `; not ${trials.source} (${reason})`);
    console.info(
      missing === undefined ? `tried: ${title}${left.join("")}` : `not tried: ${title}: ${missing}`,
    );
    describe.skipIf(missing !== undefined)(title, () => {
      let place: OpenPlace;
      beforeAll(async () => {
        place = await open();
      });
      afterAll(() => place?.close());
      testPlace(() => place, demand);
    });
  }
}

function testPlace(place: () => Place, { tolerance, nonFinite, except }: Demand): void {
  describe("operators and their gradients", () => {
    test.each(families().map((family) => [family.title, family] as const))(
      "%s",
      async (_, family) => {
        const trials = family.trials.filter(({ title }) => !except.some(({ trials }) => trials.test(title)));
        const { graph, feeds } = sideBySide(trials);
        const results = await place().runModel(encode(graph), feeds);
        for (const [i, { title, graph, feeds }] of trials.entries()) {
          const expected = run(graph, feeds);
          for (const [name, { shape, data, dtype }] of Object.entries(partOf(results, i))) {
            const wanted = expected[name]!;
            const type = { dtype: graph.outputs[name]!.dtype, shape: wanted.shape };
            expect({ dtype, shape: [...shape] }, title).toEqual(type);
            const isAsked = wanted.data.map((value) => nonFinite || Number.isFinite(value));
            const got = Array.from(data as ArrayLike<number | bigint>, Number).filter((_, i) => isAsked[i]);
            const apart = difference(
              got,
              wanted.data.filter((_, i) => isAsked[i]),
            );
            expect(apart, `${title}: ${name}`).toBeLessThanOrEqual(tolerance[dtype] ?? 0);
          }
        }
      },
      PATIENCE,
    );
  });

  describe("training", () => {
    test.each(jobs)(
      "20 steps of the %s model",
      async (_, job) => {
        const expected = courseOf(job);
        const { losses, state } = await place().takeSteps(job);
        for (const [name, values] of Object.entries(expected.losses)) {
          const got = losses[name as keyof typeof losses];
          expect(got.length).toBe(values.length);
          for (const [step, value] of values.entries())
            expect(Math.abs(got[step]! / value - 1), `${name} of step ${step + 1}`).toBeLessThan(1e-4);
        }
        expect(Object.keys(state)).toEqual(Object.keys(expected.state));
        for (const [name, { data }] of Object.entries(expected.state)) {
          const largest = Math.max(...data.map(Math.abs));
          const apart = Math.max(...data.map((value, i) => Math.abs(value - Number(state[name]!.data[i]))));
          expect(apart / largest, name).toBeLessThan(1e-3);
        }
      },
      PATIENCE,
    );
  });
}
