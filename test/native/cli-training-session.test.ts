/** The command and ONNX Runtime's TrainingSession: train by it, export for it, bring home what it saved. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { isthmus } from "../support/cli.ts";
import { sharedFolder, tinyArguments, writeTinyFolder } from "../support/tiny.ts";

const folder = sharedFolder();
const train = ["train", "--data", "tiny", "--epochs", "2", ...tinyArguments];

beforeAll(() => writeTinyFolder(join(folder, "tiny")));

test("trains, exports, imports, and goes on", async () => {
  const engine = ["--engine", "training-session"];
  const trained = await isthmus([...train, ...engine, "--out", "run"], folder);
  expect(trained).toMatchObject({ code: 0, stdout: expect.stringContaining("nats") });
  const graph = await isthmus([...train, "--device", "cpu", "--out", "graph"], folder);
  const loss = ({ stdout }: typeof graph) => Number(/test ([\d.]+) nats/.exec(stdout)![1]);
  expect(loss(trained)).toBeCloseTo(loss(graph), 0);

  expect(await isthmus(["export", "run", "--format", "ort-training"], folder)).toMatchObject({ code: 0 });
  const files = ["checkpoint", "eval_model.onnx", "optimizer_model.onnx", "training_model.onnx"];
  expect((await readdir(join(folder, "run/ort-training"))).sort()).toEqual(files);

  const checkpoint = "run/ort-training/checkpoint";
  const imported = await isthmus(["import-checkpoint", "run", checkpoint, "--json"], folder);
  expect(JSON.parse(imported.stdout)).toEqual({ out: "run-imported", steps: 8, hasMoments: true });
  const further = await isthmus(["train", "--resume", "run-imported", "--epochs", "3", ...engine], folder);
  expect(further).toMatchObject({ code: 0, stdout: expect.stringContaining("nats") });

  const bytes = await readFile(join(folder, checkpoint));
  await writeFile(join(folder, "damaged"), bytes.subarray(0, 1000));
  const damaged = await isthmus(["import-checkpoint", "run", "damaged", "--out", "none"], folder);
  expect(damaged).toMatchObject({ code: 1, stdout: "" });
  expect(damaged.stderr).toMatch(/^error: damaged: not a training checkpoint of ONNX Runtime.*\n$/);

  const missing = await isthmus(["import-checkpoint", "run", "nowhere", "--out", "none"], folder);
  expect(missing).toMatchObject({ code: 2, stderr: "error: nowhere: does not exist\n" });
  const taken = await isthmus(["import-checkpoint", "run", checkpoint], folder);
  expect(taken).toMatchObject({ code: 2, stderr: expect.stringMatching(/^error: run-imported: exists/) });
});

test.each([
  [
    ["--optimizer", "sgd"],
    "training-session: ONNX Runtime's TrainingSession trains with adam or adamw, not with sgd",
  ],
  [["--device", "webgpu"], "training-session: runs on the CPU alone: leave out --device webgpu"],
])("refuses %s before it begins", async (flags, fact) => {
  const { code, stderr } = await isthmus(
    [...train, "--engine", "training-session", "--out", "no", ...flags],
    folder,
  );
  expect({ code, stderr }).toEqual({ code: 2, stderr: `error: ${fact}\n` });
});
