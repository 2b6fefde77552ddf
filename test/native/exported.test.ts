/** Files of PyTorch's exporter, and what is written of them: the same numbers, valid ONNX, and a run like any other. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { parse } from "../../graphs/config.ts";
import { trainingConfig } from "../../graphs/training-config.ts";
import { exportModel, type ModelName, modelNames } from "../../runtime/export.ts";
import { nodeHost } from "../../runtime/host/node.ts";
import { nodePlatform } from "../../runtime/node-platform.ts";
import { Run } from "../../runtime/run.ts";
import { TrainingRun } from "../../runtime/training-run.ts";
import { drawDigits } from "../../src/data/digits/digits.ts";
import { tensor } from "../../src/ir/tensor.ts";
import { infer } from "../support/bare.ts";
import { verdictsOn } from "../support/checker.ts";
import { isthmus } from "../support/cli.ts";
import { difference } from "../support/difference.ts";
import { type ExportedName, exported, fixture, imported } from "../support/exported.ts";
import { findPython } from "../support/python.ts";
import { sharedFolder, tinyDigits, writeTinyFolder } from "../support/tiny.ts";

// Processes take seconds to start where others keep the machine busy.
vi.setConfig({ testTimeout: 120_000 });

const names = Object.keys(exported) as ExportedName[];
const images = drawDigits(4, 1).images.toTensor().data;

function written(name: ExportedName, file: ModelName): Uint8Array {
  const { model, parameters } = imported(name);
  const training = parse(trainingConfig, { batch: 4 }, "training");
  return exportModel(file, { model, training, classes: null, parameters });
}

/** The outputs of a file of one input for four rows, two at a time. */
async function pairwise(file: Uint8Array, rows: Float32Array): Promise<number[][]> {
  const half = rows.length / 2;
  const outputs = async (pair: Float32Array) =>
    Object.values(await infer(file, (_, [, ...row]) => tensor("float32", [2, ...row.map(Number)], pair)));
  const [first, second] = [await outputs(rows.subarray(0, half)), await outputs(rows.subarray(half))];
  return first.map(({ data }, i) => [...(data as Float32Array), ...(second[i]!.data as Float32Array)]);
}

describe("what is exported before any step gives what the files give", () => {
  test.each(names)("%s", async (name) => {
    const [first, second] = exported[name].files.map((file) => fixture(file));
    const codes = await pairwise(written(name, "encoder"), images);
    const latent = Float32Array.from(codes[0]!);
    const decoded = await pairwise(written(name, "decoder"), latent);
    const theirs = await pairwise(await readFile(first!), images);
    // A whole autoencoder gives its images alone.
    const expected = second === undefined ? theirs : await pairwise(await readFile(second), latent);
    if (second !== undefined)
      theirs.forEach((code, i) => void expect(difference(codes[i]!, code)).toBeLessThan(1e-5));
    expect(difference(decoded[0]!, expected[0]!)).toBeLessThan(1e-5);
  });
});

const python = findPython("onnx");
if (python.missing) console.info(`skipped: onnx.checker of imported models: ${python.missing}`);

describe.skipIf(python.missing !== undefined)("onnx.checker, with full_check, accepts", () => {
  let verdicts: Awaited<ReturnType<typeof verdictsOn>>;

  beforeAll(async () => {
    const all = names.flatMap((name) =>
      modelNames.map((file) => [`${name}-${file}`, written(name, file)] as const),
    );
    verdicts = await verdictsOn(python.command!, all);
  }, 60_000);

  test.each(names.flatMap((name) => modelNames.map((file) => [`${name}-${file}`])))(
    "%s",
    (file) => void expect(verdicts[file]).toBeNull(),
  );
});

test("a run begins with the parameters that it is given, and its loss falls", async () => {
  const { model, parameters } = imported("dense");
  const run = new TrainingRun(model, tinyDigits(), { epochs: 0, parameters, report: false }, nodePlatform);
  for await (const _ of run);
  expect(run.parameters).toEqual(parameters);
  const longer = new TrainingRun(
    model,
    tinyDigits(),
    { epochs: 5, batch: 32, parameters, report: false },
    nodePlatform,
  );
  for await (const _ of longer);
  expect(longer.result.test.loss).toBeLessThan(0.97 * run.result.test.loss);
});

describe("isthmus train --model", () => {
  const folder = sharedFolder();
  beforeAll(() => writeTinyFolder(join(folder, "tiny")));
  const flags = ["--data", "tiny", "--batch", "32", "--device", "cpu"];
  const train = (...args: string[]) => isthmus(["train", ...flags, ...args], folder);
  const [encoder, decoder] = [fixture("variational-encoder"), fixture("variational-decoder")];
  const plain = ["--model", fixture("convolutional"), "--code", "/code/Gemm_output_0", "--loss", "bernoulli"];

  test("fine-tunes a variational autoencoder of two files, and goes on with it", async () => {
    const options = ["--model", encoder, "--decoder", decoder, "--no-report"];
    const begun = await train(...options, "--epochs", "1");
    expect({ code: begun.code, line: begun.stderr.split("\n")[0] }).toEqual({
      code: 0,
      line: expect.stringMatching(/^onnx · 784-5 · 10\.9 k parameters · cpu/),
    });
    const path = join("runs", "tiny-variational-encoder");
    const more = await isthmus(["train", "--resume", path, "--epochs", "2", "--no-report"], folder);
    expect(more.stdout).toMatch(/^test [\d.]+ nats/);
    const { config } = await Run.open(join(folder, path), nodeHost);
    expect([config.result?.epochs, config.model.family]).toEqual([2, "onnx"]);
    const other = await isthmus(
      ["train", "--resume", path, "--model", fixture("dense-encoder"), "--decoder", fixture("dense-decoder")],
      folder,
    );
    expect([other.code, other.stderr]).toEqual([
      2,
      `error: ${path}: can't be resumed: latent is 6, and was 5 when the run began\n`,
    ]);
    const anew = await isthmus(["train", "--config", join(path, "run.json"), "--out", "anew"], folder);
    expect(anew.stderr).toContain(
      "encoder.features.0.weight begins as in the file that it is from: give that again (--model)",
    );
  });

  test("fine-tunes a plain autoencoder of one file, whose report speaks of no prior", async () => {
    const { code, stdout } = await train(...plain, "--epochs", "2", "--out", "plain");
    expect([code, stdout.split(" (")[0]]).toEqual([0, expect.stringMatching(/^test [\d.]+ nats$/m)]);
    const files = (await (await Run.open(join(folder, "plain"), nodeHost)).directory.files()).map(
      ({ name }) => name,
    );
    expect(files).toContain("pictures/reconstructions.png");
    expect(files).not.toContain("pictures/samples.png");
    const report = await readFile(join(folder, "plain", "report.html"), "utf8");
    expect(report).toContain("Bernoulli likelihood");
    expect(report).toContain("const { code } = await encoder.run({ image });");
    expect(report).not.toContain("KL divergence");
    const evaluated = await isthmus(["evaluate", "plain"], folder);
    expect(evaluated.stdout).toMatch(/^test [\d.]+ nats over 18 images/);
    const codes = await isthmus(["encode", "plain", "--out", "codes.csv"], folder);
    expect(codes.code).toBe(0);
  });

  test.each([
    ["a file that is not there", ["--model", "no.onnx"], "no.onnx: does not exist"],
    [
      "no decoder",
      ["--model", encoder],
      `${encoder}: gives mu, logvar and no images: give its decoder as well (--decoder)`,
    ],
    [
      "layers to build",
      [...plain, "--hidden", "8"],
      "train: --hidden does not go with --model, which is built already",
    ],
    [
      "a loss without a model",
      ["--log-variance", "x"],
      "train: --log-variance is about a model from elsewhere: name its file by --model",
    ],
  ])("refuses %s in one line", async (_, args, line) => {
    const { code, stderr } = await train(...args, "--out", "refused");
    expect({ code, stderr }).toEqual({ code: 2, stderr: `error: ${line}\n` });
  });
});
