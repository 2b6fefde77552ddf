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
import { nodeHost } from "../runtime/host/node.ts";
import { Trainer } from "../runtime/trainer.ts";
import type { Images } from "../src/data/images.ts";
import { findPython } from "../test/support/python.ts";
import { loadImages } from "./images.ts";
import { advance, type Contestant, compete, printRows } from "./rounds.ts";

const BATCH = 128;

/** The trainer that every user's run goes through. Validation, after each epoch, is not counted by its pace. */
async function openIsthmus(images: Images, threads: number): Promise<Contestant> {
  const training = parse(trainingConfig, { epochs: 10_000, batch: BATCH }, "training");
  const model = presets.vae({ image: images.image, latent: 20 });
  const data = { train: images, validation: images.slice(0, 500) };
  const trainer = await Trainer.open(model, training, data, { host: nodeHost, threads });
  const runs = trainer.train();
  return async (steps) => {
    const total = { steps: 0, loss: 0, seconds: 0 };
    while (total.steps < steps) {
      const taken = await advance(trainer, runs);
      total.steps += taken.steps;
      total.loss += taken.loss;
      total.seconds += taken.seconds;
    }
    return { ...total, loss: total.loss / total.steps };
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
const measured = await compete(contestants, { rounds, steps });
torch.close();

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
printRows(setting, measured, { references: ["torch.compile", "torch eager"], json: options.json });
process.exit();
