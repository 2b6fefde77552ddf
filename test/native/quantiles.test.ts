/** Quantiles of the training images' scores: in every model of a run, and in those of runs from before. */
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test, vi } from "vitest";
import type { ModelInput } from "../../graphs/families.ts";
import { aboutModel } from "../../runtime/about.ts";
import { exportCommand } from "../../runtime/cli/export.ts";
import { UsageError } from "../../runtime/cli/usage.ts";
import { loadDataset } from "../../runtime/data/dataset.ts";
import { modelNames } from "../../runtime/export.ts";
import { nodePlatform } from "../../runtime/node-platform.ts";
import { Run } from "../../runtime/run.ts";
import { TrainingRun } from "../../runtime/training-run.ts";
import { sharedFolder, tinyModel, tinyTraining, writeTinyFolder } from "../support/tiny.ts";
import { follow } from "../support/training.ts";

vi.setConfig({ testTimeout: 120_000 });

const folder = sharedFolder();
const data = join(folder, "data");
const out = join(folder, "run");
const quantilesIn = async (name: string) =>
  aboutModel(await readFile(join(out, `${name}.onnx`)), name).quantiles;

async function trained(model: object, out: string, division = {}): Promise<Run> {
  const set = await loadDataset({ name: data, ...division });
  const description = { ...model, image: set.image } as ModelInput;
  await follow(new TrainingRun(description, set, { ...tinyTraining, report: false, out }, nodePlatform));
  return Run.open(out, nodePlatform.host);
}

beforeAll(async () => {
  await writeTinyFolder(data);
  // What is divided otherwise than by default is found again when it has moved.
  await trained(tinyModel, out, { limit: 120, validation: 30 });
});

/** Makes the run one from before quantiles were measured, and its models, too. */
async function forget(): Promise<void> {
  const config = JSON.parse(await readFile(join(out, "run.json"), "utf8"));
  delete config.result.quantiles;
  await writeFile(join(out, "run.json"), JSON.stringify(config));
  const run = await Run.open(out, nodePlatform.host);
  for (const name of modelNames) await writeFile(join(out, `${name}.onnx`), run.model(name));
}

test("are in the run and in its models, and grow with their level", async () => {
  const { config } = await Run.open(out, nodePlatform.host);
  const { levels, reconstruction, negativeElbo, images } = config.result!.quantiles!;
  expect([images, levels]).toEqual([config.data.splits.train.count, [0.5, 0.9, 0.95, 0.99, 0.999]]);
  for (const values of [reconstruction, negativeElbo!])
    expect(values).toEqual([...values].sort((a, b) => a - b));
  // −ELBO is the error and the divergence, which is not negative.
  for (const [i, error] of reconstruction.entries()) expect(negativeElbo![i]!).toBeGreaterThan(error);
  for (const name of modelNames) expect(await quantilesIn(name)).toEqual(config.result!.quantiles);
});

test("are measured when a run from before is exported, the same; or left out where its images are gone", async () => {
  const before = await quantilesIn("evaluation");
  await forget();
  expect(await quantilesIn("evaluation")).toBeNull();
  vi.spyOn(process.stdout, "write").mockReturnValue(true);
  await exportCommand(out, { format: "onnx" });
  expect(await quantilesIn("evaluation")).toEqual(before);
  await rm(data, { recursive: true });
  const said = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  await exportCommand(out, { format: "onnx" });
  expect(said.mock.calls.flat().join("")).toMatch(/^without the quantiles of the training images: /);
  expect(await quantilesIn("evaluation")).toBeNull();
  await writeTinyFolder(join(folder, "moved"));
  await exportCommand(out, { format: "onnx", data: join(folder, "moved") });
  expect(await quantilesIn("evaluation")).toEqual(before);
  await writeTinyFolder(join(folder, "other"), 2);
  await expect(exportCommand(out, { format: "onnx", data: join(folder, "other") })).rejects.toThrow(
    /was trained on other data \(.*data\) than .*other$/,
  );
  await writeTinyFolder(data);
});

test.each([[{ data: "digits" }], [{ channels: 1 as const }], [{ threads: 1 }]])(
  "%o is no option of what goes on training",
  async (flags) => {
    const exported = exportCommand(out, { format: "ort-training", ...flags });
    await expect(exported).rejects.toThrow("what --format ort-training writes is measured on no images");
    await expect(exported).rejects.toThrow(UsageError);
  },
);

test("a memory has none, and a plain autoencoder none of a bound", async () => {
  const memorizer = { family: "memorizer", latent: 2, hidden: [8], items: 144 };
  const memory = await trained(memorizer, join(folder, "memory"));
  expect(memory.config.result!.quantiles).toBeNull();
  const plain = await trained({ family: "autoencoder", hidden: [8], latent: 2 }, join(folder, "plain"));
  expect(plain.config.result!.quantiles).toMatchObject({ images: 144, negativeElbo: null });
});
