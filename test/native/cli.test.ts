import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { Command } from "commander";
import { Jimp } from "jimp";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { presets } from "../../graphs/presets.ts";
import { withServiceOptions } from "../../runtime/cli/service-options.ts";
import { version } from "../../src/version.ts";
import { command, isthmus, start } from "../support/cli.ts";
import { idxBytes } from "../support/idx.ts";
import { sharedFolder, tinyArguments, writeTinyFolder } from "../support/tiny.ts";

// Processes take seconds to start where others keep the machine busy.
vi.setConfig({ testTimeout: 120_000 });

const folder = sharedFolder();
const image = async (size: number) => new Jimp({ width: size, height: size }).getBuffer("image/png");

/** Everything that is wrong in the folder where the commands run, by path. */
beforeAll(async () => {
  await writeTinyFolder(join(folder, "tiny"));
  const images = idxBytes([20, 28, 28], new Uint8Array(20 * 28 * 28));
  const packed = gzipSync(images);
  const files: Record<string, string | Uint8Array> = {
    "truncated/train-images-idx3-ubyte": images.subarray(0, 5000),
    "flipped/train-images-idx3-ubyte.gz": packed.with(packed.length - 5, packed.at(-5)! ^ 4),
    "plain/train-images-idx3-ubyte.gz": images,
    "counts/train-images-idx3-ubyte": images,
    "counts/train-labels-idx1-ubyte": idxBytes([19], new Uint8Array(19)),
    "zero/d.png": "",
    "broken/d.png": (await image(4)).subarray(0, 40),
    "huge/d.png": hugePng(),
    "sizes/d.png": await image(5),
    "full/notes.txt": "kept",
    "newer/run.json": JSON.stringify({ format: 99, isthmus: "9.0.0" }),
    "damaged/run.json": "{",
    "settings.json": '{"model": {"latnet": 3}}',
    "text.json": "latent: 3",
    "codes.csv": "latent_0\nx\n",
    "model.onnx": "not a model",
  };
  const good = ["zero", "broken", "huge", "sizes"].flatMap((name) =>
    ["a", "b", "c"].map((file) => `${name}/${file}.png`),
  );
  for (const path of good) files[path] = await image(4);
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(folder, path, ".."), { recursive: true });
    await writeFile(join(folder, path), content);
  }
});

/** The header of an image of 100,000 × 100,000 pixels. */
function hugePng(): Uint8Array {
  const bytes = Buffer.alloc(64);
  bytes.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13]);
  bytes.write("IHDR", 12, "latin1");
  bytes.writeUInt32BE(100_000, 16);
  bytes.writeUInt32BE(100_000, 20);
  bytes.set([8, 0, 0, 0, 0], 24);
  return bytes;
}

const train = (...args: string[]) => ["train", "--out", "new", ...args];

describe("a wrong call ends with exit code 2 and one line", () => {
  test.concurrent.each<[string[], string | RegExp]>([
    [[], "error: which command? isthmus --help lists them"],
    [["trian"], "error: unknown command 'trian' (Did you mean train?)"],
    [["--nope"], "error: unknown option '--nope'"],
    [train("--epoch", "3"), "error: unknown option '--epoch' (Did you mean --epochs?)"],
    [train("extra"), "error: too many arguments for 'train'. Expected 0 arguments but got 1."],
    [
      train("--epochs", "1.5"),
      /^error: option '--epochs <n>' argument '1\.5' is invalid\. "1\.5" is not a whole number\.$/,
    ],
    [train("--learning-rate", "fast"), /"fast" is not a number\.$/],
    [train("--learning-rate", "0"), "error: training: learningRate must be more than 0, is 0"],
    [train("--hidden", "512,x"), /"x" is not a number\.$/],
    [train("--resize", "32"), /"32" is not WIDTHxHEIGHT\.$/],
    [train("--variance", "leraned"), /"leraned" is not a number\.$/],
    [train("--threads", "0"), /It must be at least 1\.$/],
    [train("--seed", "-1"), /It must be at least 0\.$/],
    [train("--out", ""), /A path can't be empty\.$/],
    [train("--preset", "vea"), 'error: train: there is no preset "vea": did you mean "vae"?'],
    [
      train("--preset", "transformer"),
      `error: train: there is no preset "transformer": there are ${Object.keys(presets).join(", ")}`,
    ],
    [train("--data", "mnits"), 'error: data: there is no "mnits": did you mean "mnist"?'],
    [
      train("--data", "no/such"),
      'error: data: there is no "no/such": neither one of digits, mnist, lines, tones nor a folder or .txt file',
    ],
    [train("--data", "tiny", "--limit", "0"), "error: data: limit must be at least 1, is 0"],
    [train("--data", "tiny", "--channels", "2"), "error: data: channels must be 1 or 3, is 2"],
    [train("--data", "tiny", "--latent", "0"), "error: model: latent must be at least 1, is 0"],
    [
      train("--data", "tiny", "--activation", "rleu"),
      /^error: model: activation must be one of relu, .*, is "rleu"$/,
    ],
    [
      train("--data", "tiny", "--batch", "10000"),
      "error: train: batch 10000 is larger than the 144 training images",
    ],
    [
      train("--optimizer", "sdg"),
      'error: training: optimizer.kind must be one of adam, adamw, sgd, is "sdg"',
    ],
    [["train", "--out", "full"], "error: full: exists and is not empty (choose another --out)"],
    [["train", "--out", "text.json"], "error: text.json: is not a folder"],
    [["train", "--resume", "nowhere"], "error: nowhere: there is no such run"],
    [
      ["train", "--resume"],
      /^error: train: there is no run \S+ to go on with: name one after --resume, or one to begin as --out$/,
    ],
    [["train", "--resume", "full"], "error: full: is not a run: it holds no run.json"],
    [["train", "--resume", "newer"], NEWER],
    [
      ["train", "--resume", "newer", "--out", "new"],
      "error: train: --resume newer and --out new name a run each: leave one out",
    ],
    [train("--config", "nowhere.json"), "error: nowhere.json: does not exist"],
    [train("--config", "text.json"), /^error: text\.json: is not JSON: /],
    [train("--data", "tiny", "--config", "settings.json"), 'error: model: has no setting "latnet"'],
    [["evaluate"], "error: missing required argument 'run'"],
    [["evaluate", "nowhere"], "error: nowhere: does not exist"],
    [["evaluate", "model.onnx"], "error: model.onnx: is a file; a run directory was expected"],
    [["evaluate", "newer"], NEWER],
    [["evaluate", "damaged"], /^error: damaged\/run\.json: is not JSON: /],
    [
      ["evaluate", "newer", "--split", "tets"],
      /^error: option '--split <name>' argument 'tets' is invalid\. Allowed choices are train, validation, test\.$/,
    ],
    [["sample", "newer"], NEWER],
    [["sample", "newer", "--out", "a.jpg"], "error: a.jpg: must end in .png or .npy or .txt or .wav"],
    [["sample", "newer", "--count", "0"], /It must be at least 1\.$/],
    [["interpolate", "newer", "--steps", "1"], /It must be at least 2\.$/],
    [["encode", "model.onnx", "--out", "codes.txt"], "error: codes.txt: must end in .npy or .csv"],
    [["decode", "model.onnx", "codes.json"], "error: codes.json: must end in .npy or .csv"],
    [["inspect", "nowhere.onnx"], "error: nowhere.onnx: does not exist"],
    [["export", "full"], "error: full: is not a run: it holds no run.json"],
  ])("%j", async (args, expected) => {
    await expectOneLine(args, 2, expected);
  });
});

const NEWER =
  "error: newer/run.json: the run was made by a newer Isthmus (9.0.0): this one reads format 1, the run has 99";

describe("work that fails ends with exit code 1 and one line", () => {
  test.concurrent.each<[string[], string | RegExp]>([
    [train("--data", "truncated"), /^error: truncated\/train-images-idx3-ubyte: is cut short: /],
    [
      train("--data", "flipped"),
      /^error: flipped\/train-images-idx3-ubyte\.gz: is a damaged gzip file \(.+\)$/,
    ],
    [train("--data", "plain"), "error: plain/train-images-idx3-ubyte.gz: is not a gzip file"],
    [train("--data", "counts"), "error: counts/train-labels-idx1-ubyte: holds 19 labels for 20 images"],
    [train("--data", "zero"), "error: zero/d.png: is an empty file"],
    [train("--data", "broken"), /^error: broken\/d\.png: .*cut short/],
    [
      train("--data", "huge"),
      "error: huge/d.png: is too large: 100000×100000 pixels, and at most 67108864 are read",
    ],
    [
      train("--data", "sizes"),
      /^error: sizes\/[a-d]\.png: is .* pixels, and sizes\/[a-d]\.png is .*: --resize WxH brings all images to one size$/,
    ],
    [train("--data", "full"), /^error: full: holds no images \(.+\) and no IDX files$/],
    [["inspect", "model.onnx"], /^error: model\.onnx: not an ONNX model, or a damaged one \(.+\)$/],
    [["sample", "model.onnx"], /^error: model\.onnx: ONNX Runtime: /],
  ])("%j", async (args, expected) => {
    await expectOneLine(args, 1, expected);
  });

  test.concurrent("a loss that is not finite: what was saved before stays", async () => {
    const args = ["train", "--data", "tiny", "--out", "wild", ...tinyArguments, "--learning-rate", "1e30"];
    const { code, stderr } = await isthmus(args, folder);
    expect(code).toBe(1);
    expect(stderr.trimEnd().split("\n").at(-1)).toMatch(
      /^error: train: the (loss|reconstruction|kl) is \S+ at step \d of epoch 1: the last checkpoint stays; try a lower learning rate$/,
    );
    expect((await readdir(join(folder, "wild"))).sort()).toEqual([
      "checkpoint.safetensors",
      "metrics.jsonl",
      "run.json",
    ]);
  });
});

async function expectOneLine(args: readonly string[], exitCode: number, expected: string | RegExp) {
  const { code, stdout, stderr } = await isthmus(args, folder);
  expect(stderr).toMatch(/^[^\n]+\n$/);
  if (typeof expected === "string") expect(stderr).toBe(`${expected}\n`);
  else expect(stderr.trimEnd()).toMatch(expected);
  expect({ code, stdout }).toEqual({ code: exitCode, stdout: "" });
  expect(await readdir(folder)).not.toContain("new");
  expect(await readdir(folder)).not.toContain("runs");
}

describe("what asks for words only", () => {
  const commands = [
    "train",
    "evaluate",
    "sample",
    "reconstruct",
    "interpolate",
    "encode",
    "decode",
    "export",
    "inspect",
    "doctor",
  ];

  const watch = join(folder, "watch.mjs");
  beforeAll(() =>
    writeFile(
      watch,
      `process.on("exit", () => {
        const { sharedObjects } = process.report.getReport();
        process.stderr.write("\\nloaded: " + sharedObjects.filter((path) => /onnxruntime/.test(path)).length);
      });`,
    ),
  );

  /** Runs the command; the last line of standard error says which native libraries of ONNX Runtime were loaded. */
  async function watched(args: readonly string[]) {
    const [node, ...rest] = command;
    const { ended } = start([node!, "--import", pathToFileURL(watch).href, ...rest, ...args], folder);
    const { code, stdout, stderr } = await ended;
    return { code, stdout, loaded: Number(/loaded: (\d+)$/.exec(stderr)?.[1]) };
  }

  test.concurrent.each(commands)("isthmus %s --help answers without ONNX Runtime", async (name) => {
    const { code, stdout, loaded } = await watched([name, "--help"]);
    expect({ code, loaded }).toEqual({ code: 0, loaded: 0 });
    expect(stdout).toMatch(new RegExp(`^Usage: isthmus ${name} \\[options\\]`));
  });

  test.concurrent.each([[["train", "--help"]], [["help", "train"]]])(
    "%o names every preset",
    async (args) => {
      const { stdout } = await watched(args);
      const words = new Set(stdout.split(/[\s,]+/));
      for (const name of Object.keys(presets)) expect(words).toContain(name);
    },
  );

  test.concurrent("isthmus --help lists the commands", async () => {
    const { code, stdout, loaded } = await watched(["--help"]);
    expect({ code, loaded }).toEqual({ code: 0, loaded: 0 });
    for (const name of commands) expect(stdout).toMatch(new RegExp(`^ {2}${name} `, "m"));
  });

  test.concurrent("isthmus --version prints it", async () => {
    expect(await watched(["--version"])).toEqual({ code: 0, stdout: `${version}\n`, loaded: 0 });
  });

  test.concurrent("a command that runs a model does load it: the watch works", async () => {
    const { code, loaded } = await watched(["sample", "model.onnx"]);
    expect(code).toBe(1);
    expect(loaded).toBeGreaterThan(0);
  });
});

test("serve takes the origins of --cors one by one, and what follows as models", () => {
  const serve = withServiceOptions(new Command("serve").argument("<model...>").exitOverride());
  const [a, b] = ["https://a.example", "https://b.example"];
  serve.parse(["--cors", a, "runs/demo", "--cors", b, "more.onnx"], { from: "user" });
  expect([serve.args, serve.opts().cors]).toEqual([
    ["runs/demo", "more.onnx"],
    [a, b],
  ]);
});

test("--debug says where in Isthmus an error came from", async () => {
  const { code, stderr } = await isthmus(["train", "--debug", "--preset", "vea"], folder);
  expect(code).toBe(2);
  expect(stderr).toMatch(/^error: IsthmusError: train: there is no preset "vea": .*\n {4}at .*usage\.ts:\d+/);
});

test("a reader that goes away ends the command without a word", async () => {
  const [node, ...rest] = command;
  const piped = `"$0" "$@" | true; exit "\${PIPESTATUS[0]}"`;
  const { code, stderr } = await start(["bash", "-c", piped, node!, ...rest, "train", "--help"], folder)
    .ended;
  expect(stderr).toBe("");
  expect([0, 1]).toContain(code);
});
