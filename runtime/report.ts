/** The pictures of a trained model on its test images, and the page that shows them. */
import { factsOf, latentOf, type ModelDescription, parametersOf, summary } from "../graphs/families.ts";
import { encoderGraph } from "../graphs/inference.ts";
import type { Facts } from "../graphs/model.ts";
import { type Dataset, splitNames } from "../src/data/dataset.ts";
import { Images } from "../src/data/images.ts";
import { Random } from "../src/data/random.ts";
import { sizeOf, tensor } from "../src/ir/tensor.ts";
import type { Losses } from "./losses.ts";
import { codeOf, type Decoder, type Encoder, type Floats, interpolate, joined, rows } from "./models.ts";
import { latentGridCodes } from "./pictures/codes.ts";
import { klPerDimension } from "./pictures/divergence.ts";
import { interpolations, latentGrid, reconstructions, samples } from "./pictures/grids.ts";
import { lossCurves } from "./pictures/losses.ts";
import type { Picture } from "./pictures/picture.ts";
import { renderReport } from "./pictures/report.ts";
import type { ReportData } from "./pictures/report-data.ts";
import { latentScatter } from "./pictures/scatter.ts";
import type { RunConfig } from "./run-config.ts";
import type { EpochMetrics, RunDirectory } from "./run-directory.ts";

/** How much each picture shows. */
const SHOWN = { pairs: 40, samples: 100, points: 2000, gridSide: 20, rows: 8, steps: 12 };

interface Halves {
  readonly encoder: Encoder;
  readonly decoder: Decoder;
}

/** Writes `pictures/*.png` and `report.html` into the run directory. */
export async function writeReport(
  run: RunDirectory,
  config: RunConfig,
  metrics: readonly EpochMetrics[],
  data: Dataset,
  halves: Halves,
): Promise<void> {
  const pictures = await drawAll(config, metrics, data, halves);
  for (const { name, png } of pictures) await run.write(`pictures/${name}.png`, png);
  await run.write("report.html", renderReport(await reportData(run, config, pictures)));
}

async function drawAll(
  config: RunConfig,
  metrics: readonly EpochMetrics[],
  data: Dataset,
  { encoder, decoder }: Halves,
): Promise<Picture[]> {
  const { test, classes } = data;
  const { latent } = decoder;
  const facts = factsOf(config.model);
  const { seed } = config.training;
  const shown = test.images.slice(0, SHOWN.points);
  const { labels } = shown;
  const encoded = await encoder.encode(shown);
  const codes = codeOf(encoded);
  // A conditional model is told the class of what it decodes; the others don't look at it.
  const decoded = async (of: Floats, told = (i: number) => i % (classes?.length ?? 1)) =>
    Images.fromTensor(
      await decoder.decode(
        of,
        Array.from({ length: of.shape[0]! }, (_, i) => told(i)),
      ),
    );
  const positions = endsOf(shown.count, test.labels, seed);
  const ends = positions.map((position) => rows(codes, position, position + 1));
  const [from, to] = [joined(ends.slice(0, SHOWN.rows)), joined(ends.slice(SHOWN.rows))];

  const pictures = [
    ...(metrics.length > 0 ? [await lossCurves(metrics.map(shownEpoch(facts)), facts.unit)] : []),
    await reconstructions(
      shown.slice(0, SHOWN.pairs),
      await decoded(rows(codes, 0, SHOWN.pairs), (i) => labels?.[i] ?? 0),
    ),
    ...(facts.hasPrior ? [await samples(await decoded(drawn(SHOWN.samples, latent, seed)))] : []),
    await latentScatter({ codes: codes.data, count: shown.count, dimensions: latent, labels, classes }),
  ];
  if (latent === 2 && facts.hasPrior) {
    const side = SHOWN.gridSide;
    pictures.push(
      await latentGrid(await decoded(tensor("float32", [side * side, 2], latentGridCodes(side)))),
    );
  }
  if (encoded.log_variance !== undefined) {
    pictures.push(await klPerDimension(meanDivergence(codes, encoded.log_variance)));
  }
  pictures.push(
    await interpolations(
      await decoded(
        interpolate(from, to, SHOWN.steps),
        (i) => labels?.[positions[Math.floor(i / SHOWN.steps)]!] ?? 0,
      ),
      SHOWN.steps,
    ),
  );
  return pictures;
}

/** Codes drawn from the standard normal prior. */
function drawn(count: number, latent: number, seed: number): Floats {
  return tensor(
    "float32",
    [count, latent],
    new Random(seed, "sample").fillNormal(new Float32Array(count * latent)),
  );
}

/** Positions of the interpolations' first ends, then of their last ones: of different classes where there are any. */
function endsOf(count: number, labels: Uint8Array | null, seed: number): number[] {
  const order = [...new Random(seed, "interpolations").permutation(count)];
  const first = Array.from({ length: SHOWN.rows }, (_, i) => order[i % count]!);
  const last = first.map((from, i) => {
    const rest = order.slice((SHOWN.rows + 3 * i) % count);
    return rest.find((to) => to !== from && labels?.[to] !== labels?.[from]) ?? rest[0]!;
  });
  return [...first, ...last];
}

/** KL(q ‖ N(0, 1)) of each latent dimension in nats, averaged over the images. */
function meanDivergence(mean: Floats, logVariance: Floats): Float64Array {
  const [count = 0, latent = 0] = mean.shape;
  const kl = new Float64Array(latent);
  for (const [i, mu] of mean.data.entries()) {
    const log = logVariance.data[i]!;
    kl[i % latent]! += (0.5 * (Math.exp(log) + mu * mu - 1 - log)) / count;
  }
  return kl;
}

/** `vae · 784-400-20 · 0.65 M parameters` */
export function describeModel(model: ModelDescription): string {
  const count = parametersOf(model).reduce((total, { shape }) => total + sizeOf(shape), 0);
  const amount = count < 1e5 ? `${(count / 1e3).toFixed(1)} k` : `${(count / 1e6).toFixed(2)} M`;
  return `${summary(model)} · ${amount} parameters`;
}

const shownLosses = ({ penalty }: Facts, losses: Losses) => ({
  ...losses,
  kl: penalty === null ? null : losses.kl,
});
const shownEpoch = (facts: Facts) => (metrics: EpochMetrics) => ({
  ...metrics,
  train: shownLosses(facts, metrics.train),
  validation: shownLosses(facts, metrics.validation),
});

const purposes: Readonly<Record<string, string>> = {
  "encoder.onnx": "images to codes",
  "decoder.onnx": "codes to images",
  "evaluation.onnx": "the loss of each image",
  "step.onnx": "one training step",
  "training.onnx": "an epoch in one run",
  "checkpoint.safetensors": "where training stands",
  "best.safetensors": "the weights with the lowest validation loss",
  "metrics.jsonl": "the losses of every epoch",
  "run.json": "settings and result",
};

async function reportData(
  run: RunDirectory,
  config: RunConfig,
  pictures: readonly Picture[],
): Promise<ReportData> {
  const { model, training, data, result, device, isthmus } = config;
  const files = (await run.files()).filter(({ name }) => Object.hasOwn(purposes, name));
  const { image } = model;
  const facts = factsOf(model);
  const { family: _, image: __, graphs: ___, ...settings } = { graphs: undefined, ...model };
  // Its weights are in the file that it came from.
  const again = model.family === "onnx" ? " --model <file>" : "";
  const source = typeof data.source?.name === "string" ? data.source.name : data.name;
  return {
    name: run.name,
    description: `${describeModel(model)} · ${facts.objective}`,
    unit: facts.unit,
    finished: new Date(),
    headline: {
      test: result === undefined ? null : shownLosses(facts, result.test),
      epochs: result?.epochs ?? 0,
      seconds: result?.seconds ?? 0,
      imagesPerSecond: result?.imagesPerSecond ?? null,
      device,
    },
    pictures,
    data: {
      name: data.name,
      image,
      classes: data.classes,
      fingerprint: data.fingerprint,
      splits: splitNames.map((name) => ({ name, ...data.splits[name] })),
    },
    settings: [
      { title: "Model", values: settings },
      { title: "Training", values: training },
      { title: "Versions", values: { isthmus } },
    ],
    files: files.map(({ name, bytes }) => ({ name, bytes, purpose: purposes[name] ?? "" })),
    commands: [
      `isthmus train --config ${run.path}/run.json${again} --out ${run.path}-again`,
      `isthmus evaluate ${run.path} --data ${source}`,
    ],
    model: { image, latent: latentOf(model), outputs: Object.keys(encoderGraph(model).outputs) },
  };
}
