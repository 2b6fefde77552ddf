/**
 * One training step of a VAE 784-400-20 at batch 128 with Adam, on the WASM of one Chromium: Isthmus against
 * TensorFlow.js and jax-js.
 *
 *     npx tsx bench/browser.ts [--json] [--rounds 7] [--steps 20]
 *
 * All three begin from the same weights and are given the same batches and noise, so that they show the same losses.
 * The page is cross-origin isolated: each has SIMD and as many threads as there are cores. MNIST is used where
 * ISTHMUS_TEST_DATA has it; else drawn digits. Chromium is ISTHMUS_CHROMIUM, or Debian's.
 *
 * Measure on an idle machine: ONNX Runtime's threads wait for each other after every operator, so that one other busy
 * process makes its steps several times as long, and those of the others hardly longer.
 */
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { parse } from "../graphs/config.ts";
import { presets } from "../graphs/presets.ts";
import { trainingConfig } from "../graphs/training-config.ts";
import { openPage } from "../test/support/chromium.ts";
import { loadImages } from "./images.ts";
import { type Contestant, compete, printRows } from "./rounds.ts";

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    rounds: { type: "string", default: "7" },
    steps: { type: "string", default: "20" },
  },
});
const [rounds, steps] = [+options.rounds, +options.steps];
const { images, name } = await loadImages();
const training = parse(trainingConfig, { epochs: 10_000 }, "training");
const page = await openPage<typeof import("./browser/page.ts")>(new URL("browser/page.ts", import.meta.url), {
  isolated: true,
  files: {
    "/images": images.data,
    "/tfjs/": new URL("./", import.meta.resolve("@tensorflow/tfjs-backend-wasm/dist/tf-backend-wasm.js")),
  },
});
const titles = await page.call("open", presets.vae({ image: images.image, latent: 20 }), training);
const contestants = titles.map((title): [string, Contestant] => [
  title,
  (steps) => page.call("run", title, steps),
]);
const measured = await compete(Object.fromEntries(contestants), { rounds, steps });
const setting = {
  data: name,
  model: "784-400-20",
  batch: training.batch,
  threads: `${await page.call("threads")} threads`,
  rounds: `${rounds} rounds`,
  chromium: `Chromium ${page.page.context().browser()?.version()}`,
  cpu: cpus()[0]?.model ?? "",
};
await page.close();
printRows(setting, measured, { references: ["isthmus"], json: options.json });
