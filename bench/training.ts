/**
 * One training step of a VAE 784-400-20 at batch 128 with Adam: Isthmus against PyTorch, eager and compiled.
 *
 *     npx tsx bench/training.ts [--json] [--rounds 7] [--steps 400]
 *
 * All three gather shuffled batches from the same 54,000 resident 28 × 28 images, draw the noise, and update, on the
 * same number of threads. Their rounds take turns in one run, so that whatever else the machine does meets all of
 * them. MNIST is used where ISTHMUS_TEST_DATA has it; else drawn digits, repeated, which cost the same. PyTorch's
 * Python is ISTHMUS_PYTHON_TORCH (or ISTHMUS_PYTHON, or python3); torch.compile needs a C++ compiler.
 */
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { parse } from "../graphs/config.ts";
import { presets } from "../graphs/presets.ts";
import { trainingConfig } from "../graphs/training-config.ts";
import { loadDataset } from "../runtime/data/dataset.ts";
import { nodeHost } from "../runtime/host/node.ts";
import { Trainer } from "../runtime/trainer.ts";
import { drawDigits } from "../src/data/digits/digits.ts";
import type { Images } from "../src/data/images.ts";
import { findPython } from "../test/support/python.ts";

const BATCH = 128;
const IMAGES = 54_000;

/** What some steps took, and their mean loss in nats per image. */
interface Measurement {
  readonly seconds: number;
  readonly steps: number;
  readonly loss: number;
}

/** Takes at least so many training steps. */
type Contestant = (steps: number) => Promise<Measurement>;

async function loadImages(): Promise<{ readonly images: Images; readonly name: string }> {
  const folder = process.env.ISTHMUS_TEST_DATA;
  if (folder !== undefined) {
    const { train } = await loadDataset({ name: join(folder, "mnist") });
    return { images: train.images.slice(0, IMAGES), name: "MNIST" };
  }
  const { images } = drawDigits(2000, 1);
  const repeated = Int32Array.from({ length: IMAGES }, (_, i) => i % images.count);
  return { images: images.pick(repeated), name: "drawn digits" };
}

/** The trainer that every user's run goes through. Validation, after each epoch, is not counted by its pace. */
async function openIsthmus(images: Images, threads: number): Promise<Contestant> {
  const training = parse(trainingConfig, { epochs: 10_000, batch: BATCH }, "training");
  const model = presets.vae({ image: images.image, latent: 20 });
  const data = { train: images, validation: images.slice(0, 500) };
  const trainer = await Trainer.open(model, training, data, { host: nodeHost, threads });
  const runs = trainer.train();
  return async (steps) => {
    const before = trainer.pace;
    let loss = 0;
    while (trainer.pace.steps - before.steps < steps) loss = (await runs.next()).value!.loss;
    const { seconds, steps: taken } = trainer.pace;
    return { seconds: seconds - before.seconds, steps: taken - before.steps, loss };
  };
}

/** PyTorch in a process of its own, which sleeps while the others run. */
async function openTorch(images: Images, threads: number) {
  const folder = await mkdtemp(join(tmpdir(), "isthmus-bench-"));
  const file = join(folder, "images");
  await writeFile(file, images.data);
  const script = fileURLToPath(new URL("pytorch.py", import.meta.url));
  const { command, missing } = findPython("torch");
  if (command === undefined) throw new Error(missing);
  const child = spawn(command, [script, file, ...[images.count, BATCH, threads].map(String)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error("PyTorch stopped: its own words are above");
    return JSON.parse(value);
  };
  const { torch } = (await answer()) as { torch: string };
  await rm(folder, { recursive: true });
  const contestant =
    (variant: "eager" | "compile"): Contestant =>
    async (steps) => {
      child.stdin.write(`${variant} ${steps}\n`);
      return { steps, ...(await answer()) };
    };
  return {
    version: torch,
    eager: contestant("eager"),
    compile: contestant("compile"),
    close: () => child.stdin.end(),
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
}

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    rounds: { type: "string", default: "7" },
    steps: { type: "string", default: "400" },
    threads: { type: "string", default: "2" },
  },
});
const [rounds, steps, threads] = [+options.rounds, +options.steps, +options.threads];
const { images, name } = await loadImages();
const torch = await openTorch(images, threads);
const contestants: Readonly<Record<string, Contestant>> = {
  isthmus: await openIsthmus(images, threads),
  "torch eager": torch.eager,
  "torch.compile": torch.compile,
};
const measured: Record<string, Measurement[]> = {};
for (const [title, run] of Object.entries(contestants)) {
  await run(steps);
  measured[title] = [];
}
for (let round = 0; round < rounds; round++) {
  for (const [title, run] of Object.entries(contestants)) measured[title]!.push(await run(steps));
}
torch.close();

const perStep = (title: string) => measured[title]!.map(({ seconds, steps }) => (1000 * seconds) / steps);
const rows = Object.keys(contestants).map((title) => ({
  title,
  median: median(perStep(title)),
  min: Math.min(...perStep(title)),
  ratio: median(perStep(title).map((time, round) => time / perStep("torch.compile")[round]!)),
  loss: measured[title]!.at(-1)!.loss,
}));
const setting = {
  data: name,
  model: "784-400-20",
  batch: BATCH,
  threads,
  rounds,
  steps,
  torch: torch.version,
  node: process.version,
  cpu: cpus()[0]?.model ?? "",
};
if (options.json) {
  console.log(JSON.stringify({ setting, rows, rounds: measured }));
} else {
  console.log(Object.values(setting).join(" · "));
  console.table(
    Object.fromEntries(
      rows.map(({ title, median, min, ratio, loss }) => [
        title,
        {
          "ms/step, median": +median.toFixed(2),
          "ms/step, least": +min.toFixed(2),
          "of torch.compile": +ratio.toFixed(2),
          "loss at the end": +loss.toFixed(1),
        },
      ]),
    ),
  );
}
process.exit();
