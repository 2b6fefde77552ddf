/** Models that PyTorch exported, fine-tuned here and by PyTorch from the same start on the same batches and noise. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "../../graphs/config.ts";
import { type TrainingInput, trainingConfig } from "../../graphs/training-config.ts";
import { drawDigits } from "../../src/data/digits/digits.ts";
import { apart } from "../support/difference.ts";
import { buffersOf, type ExportedName, exported, imported } from "../support/exported.ts";
// biome-ignore format: one list of names
import {
  evaluate, followSteps, followTraining, type Job, readResult, STEPS, writeJob,
} from "../support/following.ts";
import { findPython, runPython } from "../support/python.ts";

const python = findPython("torch");
if (python.missing) console.info(`skipped: fine-tuning compared with PyTorch: ${python.missing}`);

/**
 * How far parameters may be apart after the last step, in units of the largest. Seen are 4e-6 and less; but where Adam's
 * gradients nearly cancel, another machine's rounding may turn a step around.
 */
const bounds: Readonly<Record<ExportedName, number>> = {
  dense: 1e-3,
  convolutional: 1e-3,
  variational: 1e-5,
};

const trainings: Readonly<Record<ExportedName, TrainingInput>> = {
  dense: { batch: 32 },
  convolutional: { batch: 16, optimizer: { kind: "adamw", weightDecay: 0.1 }, learningRate: 3e-3 },
  variational: {
    batch: 16,
    optimizer: { kind: "sgd", momentum: 0.9 },
    learningRate: 1e-4,
    clipNorm: 50,
    klWeight: 2,
  },
};

const images = drawDigits(500, 1).images;
const names = Object.keys(exported) as ExportedName[];
const jobs = names.map((name): Job => {
  const { model, parameters } = imported(name);
  const training = parse(trainingConfig, trainings[name], name);
  return { model, training, images, exported: { name, parameters, buffers: buffersOf(name) } };
});

describe.skipIf(python.missing !== undefined)("PyTorch", () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "isthmus-"));
    const folders = names.map((name) => join(folder, name));
    for (const [i, path] of folders.entries()) await writeJob(path, jobs[i]!);
    await runPython(python.command!, "follow.py", folders);
  });

  afterAll(() => rm(folder, { recursive: true }));

  describe.each(names.map((name, i) => [name, jobs[i]!] as const))("%s", (name, job) => {
    test.each([
      ["training.onnx", () => followTraining(job, 1)],
      ["step.onnx", () => followSteps(job)],
    ])(`%s follows it for ${STEPS} steps`, async (graph, follow) => {
      const expected = await readResult(join(folder, name));
      const actual = await follow();
      const losses = ["loss", "reconstruction"].map((key) => apart(actual[key]!, expected[key]!));
      const keys = Object.keys(job.exported!.parameters);
      const parameters = keys.map((key) => apart(actual[key]!, expected[key]!));
      const moved = keys.filter((key) => apart(actual[key]!, job.exported!.parameters[key]!) > 1e-3);
      const [loss, parameter] = [Math.max(...losses), Math.max(...parameters)];
      console.info(
        `${name}, ${graph}: losses within ${loss.toExponential(1)}, parameters within ${parameter.toExponential(1)} (${moved.length} of ${keys.length} moved)`,
      );
      expect(loss).toBeLessThan(5e-6);
      expect(parameter).toBeLessThan(bounds[name]);
      // A bias right before an instance norm changes nothing.
      const still = keys.filter((key) => !moved.includes(key));
      expect(still).toEqual(name === "variational" ? ["encoder.features.4.bias"] : []);
    });

    test("evaluation.onnx gives its terms", async () => {
      const expected = await readResult(join(folder, name));
      const actual = await evaluate(job);
      for (const [key, value] of Object.entries(actual)) {
        expect(apart(value, expected[`evaluation.${key}`]!), key).toBeLessThan(1e-5);
      }
    });
  });
});
