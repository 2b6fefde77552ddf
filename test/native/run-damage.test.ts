import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { parse } from "../../graphs/config.ts";
import { trainingConfig } from "../../graphs/training-config.ts";
import { readSettings, withFlags } from "../../runtime/cli/settings.ts";
import { nodeHost } from "../../runtime/host/node.ts";
import { nodeFiles } from "../../runtime/host/node-files.ts";
import { nodePlatform } from "../../runtime/node-platform.ts";
import { modelOf, trainingOf } from "../../runtime/preset.ts";
import { Run } from "../../runtime/run.ts";
import { parseRunConfig } from "../../runtime/run-config.ts";
import { RunDirectory } from "../../runtime/run-directory.ts";
import { readSafetensors, writeSafetensors } from "../../runtime/safetensors.ts";
import { TrainingRun } from "../../runtime/training-run.ts";
import { IsthmusError } from "../../src/ir/error.ts";
import { temporaryFolder } from "../support/idx.ts";
import { sharedFolder, tinyDigits, tinyModel, tinyTraining } from "../support/tiny.ts";

// What is drawn is the same each time; change the seed to look for more.
fc.configureGlobal({ seed: 1 });

const digits = tinyDigits();
const training = (out: string, resume = false) =>
  new TrainingRun(
    tinyModel,
    digits,
    { ...tinyTraining, epochs: 1, out, resume, report: false },
    nodePlatform,
  );

/** The files of a finished run, kept in memory. */
const names = ["run.json", "checkpoint.safetensors", "best.safetensors", "metrics.jsonl"] as const;
type Files = { readonly [N in (typeof names)[number]]: Uint8Array };
const shared = sharedFolder();
let files: Files;
beforeAll(async () => {
  const out = join(shared, "run");
  for await (const _ of training(out));
  files = Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(out, name))])),
  ) as Files;
});

/** A copy of the run with some files changed, or missing where null. */
async function damaged(
  changes: { readonly [N in keyof Files]?: Uint8Array | string | null },
): Promise<string> {
  const out = await temporaryFolder();
  for (const [name, content] of Object.entries({ ...files, ...changes }))
    if (content !== null) await writeFile(join(out, name), content);
  return out;
}

/** The one line that the promise fails with. */
async function lineOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => "nothing",
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(IsthmusError);
  const { message } = error as IsthmusError;
  expect(message).not.toContain("\n");
  return message;
}

async function resume(out: string): Promise<void> {
  for await (const _ of training(out, true));
}

const configWith = (change: Readonly<Record<string, unknown>>) =>
  JSON.stringify({ ...(JSON.parse(Buffer.from(files["run.json"]).toString()) as object), ...change });

describe("a run that is not as it was written", () => {
  test("made by a newer Isthmus, is refused in a line that says so", async () => {
    const out = await damaged({ "run.json": configWith({ format: 99, isthmus: "7.1.0", unheard: "of" }) });
    const message = `${join(out, "run.json")}: the run was made by a newer Isthmus (7.1.0): this one reads format 1, the run has 99`;
    expect(await lineOf(Run.open(out, nodeHost))).toBe(message);
    expect(await lineOf(resume(out))).toBe(message);
  });

  test.each<[string, () => string, string]>([
    ["cut short", () => configWith({}).slice(0, 200), "is not JSON: "],
    ["empty", () => "", "is not JSON: Unexpected end of JSON input"],
    ["a list", () => "[]", "must be an object, is []"],
    ["without a format", () => "{}", "format is missing: it must be 1; "],
    [
      "with a setting that can't be",
      () => configWith({ training: { batch: 0, epochs: 1.5 } }),
      "training.epochs must be a whole number, is 1.5; training.batch must be at least 1, is 0",
    ],
    [
      "with a model that there is not",
      () => configWith({ model: { family: "vea" } }),
      'model.family must be one of vae, autoencoder, vq-vae, memorizer, onnx, is "vea"',
    ],
  ])("its run.json %s, is refused in a line that names the file", async (_, content, message) => {
    const out = await damaged({ "run.json": content() });
    expect(await lineOf(Run.open(out, nodeHost))).toContain(`${join(out, "run.json")}: ${message}`);
    expect(await lineOf(resume(out))).toContain(`${join(out, "run.json")}: ${message}`);
  });

  test("its checkpoint cut short, is refused, and its best weights can still be used", async () => {
    const whole = files["checkpoint.safetensors"];
    for (const length of [0, 5, 100, whole.length - 1]) {
      const out = await damaged({ "checkpoint.safetensors": whole.subarray(0, length) });
      expect(await lineOf(resume(out))).toMatch(
        /checkpoint\.safetensors: not a safetensors file, or a damaged one: .+/,
      );
      expect((await Run.open(out, nodeHost)).parameters).toHaveProperty(["encoder.mean.bias"]);
    }
  });

  test("with a bit of its checkpoint's header flipped, goes on or is refused in a line that names the file", async () => {
    const whole = files["checkpoint.safetensors"];
    const header = Number(new DataView(whole.buffer, whole.byteOffset).getBigUint64(0, true));
    const out = await damaged({});
    const path = join(out, "checkpoint.safetensors");
    let refused = 0;
    for (let bit = 1; bit < 8 * (8 + header); bit += 97) {
      await writeFile(path, whole.with(bit >> 3, whole[bit >> 3]! ^ (1 << (bit & 7))));
      const read = (await RunDirectory.open(out, nodeFiles)).readCheckpoint();
      const message = await read.then(
        () => null,
        (error: Error) => error.message,
      );
      if (message === null) continue;
      expect(message).toMatch(/^\S+checkpoint\.safetensors: .+$/);
      refused++;
    }
    expect(refused).toBeGreaterThan(100);
  });

  test.each<[string, (state: ReturnType<typeof readSafetensors>) => typeof state, string]>([
    [
      "without a parameter",
      ({ tensors: { "encoder.mean.bias": _, ...tensors }, metadata }) => ({ tensors, metadata }),
      "holds no encoder.mean.bias",
    ],
    [
      "with a parameter of another shape",
      ({ tensors, metadata }) => ({
        tensors: { ...tensors, "encoder.mean.bias": tensors["encoder.mean.weight"]! },
        metadata,
      }),
      "holds encoder.mean.bias as float32[2,8], the model has float32[2]",
    ],
    [
      "that says nothing of where it stood",
      ({ tensors }) => ({ tensors, metadata: {} }),
      "is not a checkpoint of a run: it does not say where the training stood",
    ],
    [
      "that stood nowhere",
      ({ tensors, metadata }) => ({ tensors, metadata: { ...metadata, position: '{"epoch":-1}' } }),
      "epoch must be at least 0, is -1; step is missing: it must be a number",
    ],
    [
      "whose position is no JSON",
      ({ tensors, metadata }) => ({ tensors, metadata: { ...metadata, position: "{" } }),
      "is not JSON: ",
    ],
  ])("with a checkpoint %s, is refused in a line that names the file", async (_, change, message) => {
    const checkpoint = readSafetensors(files["checkpoint.safetensors"], "checkpoint");
    const out = await damaged({ "checkpoint.safetensors": writeSafetensors(change(checkpoint)) });
    expect(await lineOf(resume(out))).toContain(`${join(out, "checkpoint.safetensors")}: ${message}`);
  });

  test("with damaged metrics, is refused in a line that names the file", async () => {
    for (const [text, message] of [
      ['{"epoch":1,"tra', "is not JSON: "],
      ['{"epoch":1}\n', "train is missing: it must be an object"],
    ] as const) {
      const out = await damaged({ "metrics.jsonl": text });
      expect(await lineOf(resume(out))).toContain(`${join(out, "metrics.jsonl")}: ${message}`);
    }
  });

  test("without a file, is refused in a line that names it; without best weights, those of the checkpoint are used", async () => {
    const without = async (name: keyof Files) => damaged({ [name]: null });
    const noConfig = await without("run.json");
    expect(await lineOf(Run.open(noConfig, nodeHost))).toBe(
      `${noConfig}: is not a run: it holds no run.json`,
    );
    const noCheckpoint = await without("checkpoint.safetensors");
    expect(await lineOf(resume(noCheckpoint))).toBe(
      `${join(noCheckpoint, "checkpoint.safetensors")}: does not exist`,
    );
    const run = await Run.open(await without("best.safetensors"), nodeHost);
    expect(Number.isFinite((await run.evaluate(digits)).loss)).toBe(true);
    const gone = join(noConfig, "gone");
    expect(await lineOf(Run.open(gone, nodeHost))).toBe(`${gone}: there is no such run`);
  });

  test("says that data made in memory must be passed", async () => {
    const out = await damaged({});
    expect(await lineOf((await Run.open(out, nodeHost)).data())).toBe(
      `${out}: its data (tiny) were made in memory: pass a data set`,
    );
  });
});

describe("settings and run.json, whatever is in them", () => {
  const flags = { report: true, device: "cpu" } as const;

  /** The settings file, read as `isthmus train --config` does, but for the data. */
  async function readAll(text: string): Promise<void> {
    const path = join(shared, "settings.json");
    await writeFile(path, text);
    const settings = withFlags(await readSettings(path), flags);
    modelOf(settings, { ...digits, count: digits.train.images.count });
    parse(trainingConfig, trainingOf(settings), "training");
  }

  async function expectOneLine(text: string): Promise<void> {
    const error = await readAll(text).catch((error: unknown) => error);
    if (error === undefined) return;
    expect(error, text).toBeInstanceOf(IsthmusError);
    expect((error as Error).message).toMatch(/^[^\n]{1,1200}$/);
  }

  test("are read or refused in one line: any JSON", async () => {
    await fc.assert(fc.asyncProperty(fc.json(), expectOneLine), { numRuns: 300 });
  });

  test("are read or refused in one line: any text", async () => {
    await fc.assert(fc.asyncProperty(fc.string({ unit: "binary" }), expectOneLine), { numRuns: 300 });
  });

  test("are read or refused in one line: the right keys, and anything in them", async () => {
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 1 }),
      fc.constantFrom("vae", "digits", "adam", "vae-2d", { kind: "gaussian" }, [16], 1, 0.5),
    );
    const some = (...keys: string[]) =>
      fc.oneof(
        { weight: 5, arbitrary: fc.dictionary(fc.constantFrom(...keys), value, { maxKeys: 4 }) },
        { weight: 1, arbitrary: value },
      );
    const settings = fc.record(
      {
        data: some("name", "resize", "channels", "validation", "limit", "seed"),
        preset: value,
        model: some("family", "latent", "hidden", "activation", "likelihood", "initialiser", "image"),
        training: some("epochs", "batch", "optimizer", "learningRate", "klSchedule", "patience", "seed"),
        out: value,
        format: value,
        "line\nfeed": value,
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(settings, (content) => expectOneLine(JSON.stringify(content))),
      { numRuns: 1000 },
    );
  });

  test("a run.json with any part replaced is read or refused in one line that names it", () => {
    const config = JSON.parse(Buffer.from(files["run.json"]).toString()) as Record<
      string,
      Record<string, unknown>
    >;
    const paths = Object.entries(config).flatMap(([key, value]) => [
      [key],
      ...(typeof value === "object" ? Object.keys(value).map((inner) => [key, inner]) : []),
    ]) as (readonly [string, string?])[];
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.jsonValue(), ([key, inner], value) => {
        const changed = inner === undefined ? value : { ...config[key], [inner]: value };
        try {
          parseRunConfig(JSON.stringify({ ...config, [key]: changed }), "run.json");
        } catch (error) {
          expect(error).toBeInstanceOf(IsthmusError);
          expect((error as Error).message).toMatch(/^run\.json: [^\n]{1,1200}$/);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("a run.json is read as settings too", async () => {
    await rm(join(shared, "settings.json"), { force: true });
    await writeFile(join(shared, "settings.json"), Buffer.from(files["run.json"]));
    const { model, training } = await readSettings(join(shared, "settings.json"));
    expect(model).toMatchObject({ ...tinyModel });
    expect(training).toMatchObject({ ...tinyTraining, epochs: 1 });
  });
});
