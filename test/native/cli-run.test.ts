import { readFile, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Jimp } from "jimp";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { readCsv } from "../../runtime/csv.ts";
import { nodeHost } from "../../runtime/host/node.ts";
import { codeOf } from "../../runtime/models.ts";
import { readNpy } from "../../runtime/npy.ts";
import { Run } from "../../runtime/run.ts";
import { isthmus } from "../support/cli.ts";
import { sharedFolder, tinyArguments, writeTinyFolder } from "../support/tiny.ts";

// Processes take seconds to start where others keep the machine busy.
vi.setConfig({ testTimeout: 120_000 });

const folder = sharedFolder();
const path = (name: string) => join(folder, name);
let run: Run;
let trained: Awaited<ReturnType<typeof isthmus>>;
beforeAll(async () => {
  await writeTinyFolder(path("tiny"));
  const settings = tinyArguments.filter((argument) => argument !== "--no-report");
  trained = await isthmus(["train", "--data", "tiny", "--out", "run", "--epochs", "3", ...settings], folder);
  run = await Run.open(path("run"), nodeHost);
});

/** Runs a command that must succeed; gives what it printed. */
async function done(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await isthmus(args, folder);
  expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
  return { stdout, stderr };
}

const pixels = async (name: string) => Jimp.read(path(name));

describe("isthmus", () => {
  test("train says what it trains, a line an epoch, and where to look", async () => {
    expect(trained.code).toBe(0);
    const [first, ...epochs] = trained.stderr.trimEnd().split("\n");
    expect(first).toMatch(
      /^vae · 784-8-2 · 13\.\d k parameters · cpu \(\d+ threads\) · 144 \+ 18 \+ 18 images$/,
    );
    expect(epochs.length).toBe(3);
    for (const [i, line] of epochs.entries()) {
      expect(line).toMatch(
        new RegExp(
          `^epoch ${i + 1}/3 {2}loss \\d+\\.\\d {2}KL divergence \\d+\\.\\d {2}valid \\d+\\.\\d {2}[\\d,]+ images/s$`,
        ),
      );
    }
    const { loss, reconstruction, kl } = run.config.result!.test;
    expect(trained.stdout.split("\n")[0]).toBe(
      `test ${loss.toFixed(1)} nats (reconstruction ${reconstruction.toFixed(1)}, KL divergence ${kl.toFixed(1)})`,
    );
    expect(trained.stdout.split("\n")[1]).toMatch(
      /^run {3}encoder\.onnx [\d.]+ kB · decoder\.onnx [\d.]+ kB · report\.html$/,
    );
    const files = (await run.directory.files()).map(({ name }) => name).sort();
    expect(files.filter((name) => name.startsWith("pictures/")).length).toBeGreaterThan(5);
    expect(files.filter((name) => !name.startsWith("pictures/"))).toEqual([
      "best.safetensors",
      "checkpoint.safetensors",
      "decoder.onnx",
      "encoder.onnx",
      "evaluation.onnx",
      "metrics.jsonl",
      "report.html",
      "run.json",
      "step.onnx",
      "training.onnx",
    ]);
  });

  test.concurrent("train --json prints an object an epoch, then the result", async () => {
    const { stdout } = await done(
      "train",
      "--config",
      "run/run.json",
      "--out",
      "again",
      "--no-report",
      "--json",
    );
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.map(({ epoch }) => epoch)).toEqual([1, 2, 3, undefined]);
    // Made again from its run.json: the same losses, bit for bit.
    const { test: tested, validation } = run.config.result!;
    expect(lines[3]).toMatchObject({ out: "again", result: { epochs: 3, validation, test: tested } });
  });

  test.concurrent("evaluate --json gives the losses, and what is known of the code; for people in lines", async () => {
    const { stdout } = await done("evaluate", "run", "--json");
    const { reconstruction, kl } = run.config.result!.test;
    const { kl_per_dimension: each, active_units, ...rest } = JSON.parse(stdout);
    expect(rest).toEqual({
      ...run.config.result!.test,
      elbo: -(reconstruction + kl),
      split: "test",
      images: 18,
      data: path("tiny"),
    });
    expect(each.length).toBe(2);
    expect(each[0] + each[1]).toBeCloseTo(kl, 4);
    expect([0, 1, 2]).toContain(active_units);
    const named = await done("evaluate", "run", "--data", "tiny", "--split", "validation");
    expect(named.stdout).toMatch(
      /^validation [\d.]+ nats \(reconstruction [\d.]+, KL divergence [\d.]+\) over 18 images\nactive units \d of 2; kl of each latent dimension:\n {2}0 +[\d.]+ +[\d.]+\n$/,
    );
  });

  test.concurrent("evaluate --importance-samples estimates log p(x), and says nothing else in JSON", async () => {
    const estimated = await done("evaluate", "run", "--importance-samples", "60", "--json");
    const { nll, nll_standard_error, elbo, importance_samples, loss } = JSON.parse(estimated.stdout);
    expect(estimated.stderr).toBe("");
    expect(importance_samples).toBe(60);
    expect(nll).toBeLessThan(-elbo);
    expect(Math.abs(elbo + loss)).toBeLessThan(5);
    expect(nll_standard_error).toBeGreaterThan(0);
    const shown = await done("evaluate", "run", "--importance-samples", "60");
    expect(shown.stdout.split("\n")[1]).toBe(
      `NLL ${nll.toFixed(2)} ± ${nll_standard_error.toFixed(2)} nats with 60 importance samples (ELBO ${elbo.toFixed(2)})`,
    );
  });

  test.concurrent("sample draws the same pixels for a seed, as a picture too", async () => {
    await done("sample", "run", "--count", "6", "--seed", "5", "--out", "samples.npy");
    const decoder = await run.decoder();
    expect(readNpy(await readFile(path("samples.npy")), "samples")).toEqual(await decoder.sample(6, 5));
    await decoder.release();
    await done("sample", "run/decoder.onnx", "--count", "6", "--out", "samples.png");
    expect((await pixels("samples.png")).width).toBeGreaterThan(28);
  });

  test.concurrent("reconstruct and interpolate draw pictures", async () => {
    await done("reconstruct", "run", "--count", "5", "--out", "pairs.png");
    await done("interpolate", "run", "--rows", "2", "--steps", "4", "--out", "walks.png");
    expect((await pixels("pairs.png")).height).toBeGreaterThan(28);
    expect((await pixels("walks.png")).width).toBeGreaterThan(4 * 28);
  });

  test.concurrent("encode writes codes as .npy and .csv, and decode reads both", async () => {
    const { stderr } = await isthmus(["encode", "run", "--out", "codes.npy"], folder);
    expect(stderr).toBe("codes.npy   18 codes of 2 dimensions\n");
    await done("encode", "run/encoder.onnx", "--data", "tiny", "--split", "test", "--out", "codes.csv");
    const codes = readNpy(await readFile(path("codes.npy")), "codes");
    const data = await run.data();
    const encoder = await run.encoder();
    expect(codes).toEqual(codeOf(await encoder.encode(data.test.images)));
    await encoder.release();
    const table = await readFile(path("codes.csv"), "utf8");
    expect(readCsv(table, "codes")).toEqual(codes);
    const [header, ...lines] = table.trimEnd().split("\n");
    expect(header).toBe("latent_0,latent_1,label");
    expect(lines.map((line) => Number(line.split(",")[2]))).toEqual([...data.test.labels!]);

    await done("decode", "run", "codes.csv", "--out", "decoded.npy");
    const decoder = await run.decoder();
    expect(readNpy(await readFile(path("decoded.npy")), "decoded")).toEqual(await decoder.decode(codes));
    await decoder.release();
  });

  test.concurrent("decode refuses codes of another model in one line", async () => {
    await done("sample", "run", "--count", "2", "--out", "wrong.npy");
    const { code, stderr } = await isthmus(["decode", "run", "wrong.npy"], folder);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: "error: wrong.npy: holds [2,1,28,28]; the decoder takes [rows, 2]\n",
    });
  });

  test.concurrent("export writes the models again", async () => {
    const { stdout } = await done("export", "run", "--out", "models", "--json");
    const files = JSON.parse(stdout) as { file: string; bytes: number }[];
    expect(files.map(({ file }) => file)).toEqual(
      ["encoder", "decoder", "evaluation", "step", "training"].map((name) => `models/${name}.onnx`),
    );
    for (const { file, bytes } of files) {
      const written = await readFile(path(file));
      expect(written.length).toBe(bytes);
      expect(written.equals(await readFile(path(file.replace("models", "run"))))).toBe(true);
    }
  });

  test.concurrent("inspect prints a model as JSON or as text", async () => {
    const { stdout } = await done("inspect", "run/decoder.onnx", "--json");
    const decoder = JSON.parse(stdout) as Record<string, unknown>;
    expect(decoder).toMatchObject({
      name: "decoder",
      inputs: { latent: "float32[batch,2]" },
      outputs: { image: "float32[batch,1,28,28]" },
      parameters: 8 * 2 + 8 + 784 * 8 + 784,
      operators: { Gemm: 2 },
    });
    const text = (await done("inspect", "run/decoder.onnx")).stdout;
    expect(text).toContain("The decoder of vae · 784-8-2.");
    expect(text).toContain("decoder/output/Gemm");
  });

  test.concurrent("doctor says which devices work", async () => {
    const { stdout } = await done("doctor", "--json");
    const { node, devices } = JSON.parse(stdout) as {
      node: string;
      devices: { device: string; works: boolean }[];
    };
    expect(node).toBe(process.version);
    expect(devices.map(({ device }) => device)).toEqual(["cpu", "webgpu", "cuda"]);
    expect(devices[0]).toMatchObject({
      works: true,
      detail: `${availableParallelism()} threads`,
    });
  });

  test.concurrent("train --resume is refused with other settings, before anything is done", async () => {
    const { code, stderr } = await isthmus(["train", "--resume", "run", "--latent", "3"], folder);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: "error: run: can't be resumed: latent is 3, and was 2 when the run began\n",
    });
  });

  test.concurrent("train --resume takes from a file what it says, all else from the run", async () => {
    await done("train", "--data", "tiny", "--out", "begun", "--epochs", "1", ...tinyArguments);
    const resumed = async (settings: object) => {
      await writeFile(path("more.json"), JSON.stringify(settings));
      return isthmus(["train", "--resume", "begun", "--config", "more.json", "--no-report"], folder);
    };
    expect(await resumed({ model: { latent: 2 }, training: { epochs: 2 } })).toMatchObject({ code: 0 });
    const { config } = await Run.open(path("begun"), nodeHost);
    expect(config.training).toMatchObject({ epochs: 2, batch: 32 });
    expect(config.result!.epochs).toBe(2);
    for (const [settings, fact] of [
      [{ training: { batch: 16 } }, "batch is 16, and was 32 when the run began"],
      [{ preset: "vae" }, "latent is 20, and was 2 when the run began"],
    ] as const)
      expect(await resumed(settings)).toMatchObject({
        code: 2,
        stderr: `error: begun: can't be resumed: ${fact}\n`,
      });
  });
});
