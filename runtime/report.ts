/** The pictures of a trained model on its test images, and the page that shows them. */
import { basename, resolve } from "node:path";
import { describeModel, factsOf, latentOf } from "../graphs/families.ts";
import { decoderGraph, encoderGraph } from "../graphs/inference.ts";
import { splitNames } from "../src/data/dataset.ts";
import { figuresOf, shownLosses } from "./figures/figures.ts";
import { nounOf } from "./figures/gallery.ts";
import type { Subject } from "./figures/study.ts";
import type { Picture } from "./pictures/picture.ts";
import { renderReport } from "./pictures/report.ts";
import type { ReportData } from "./pictures/report-data.ts";
import type { RunConfig } from "./run-config.ts";
import type { RunDirectory } from "./run-directory.ts";

/** Writes `pictures/*.png` and `report.html` into the run directory. */
export async function writeReport(run: RunDirectory, subject: Subject): Promise<void> {
  const pictures = await figuresOf(subject);
  for (const { name, png } of pictures) await run.write(`pictures/${name}.png`, png);
  await run.write("report.html", renderReport(await reportData(run, subject.config, pictures)));
}

const purposes: Readonly<Record<string, string>> = {
  "encoder.onnx": "NOUNs to codes",
  "decoder.onnx": "codes to NOUNs",
  "evaluation.onnx": "the loss of each NOUN",
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
  const noun = nounOf(data.medium);
  const [encoder, decoder] = [encoderGraph(model), decoderGraph(model)];
  const { family: _, image: __, graphs: ___, ...settings } = { graphs: undefined, ...model };
  // Its weights are in the file that it came from.
  const again = model.family === "onnx" ? " --model <file>" : "";
  const source = typeof data.source?.name === "string" ? data.source.name : data.name;
  return {
    name: basename(resolve(run.path)),
    noun,
    description: `${describeModel(model)} · ${facts.objective}`,
    unit: facts.unit,
    finished: new Date(),
    headline: {
      test: result === undefined ? null : shownLosses(facts, result.test),
      epochs: result?.epochs ?? 0,
      seconds: result?.seconds ?? 0,
      imagesPerSecond: result?.imagesPerSecond ?? null,
      device,
      penalty: facts.penalty,
      isMemory: facts.isMemory ?? false,
    },
    pictures,
    data: {
      name: data.name,
      medium: data.medium,
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
    files: files.map(({ name, bytes }) => ({
      name,
      bytes,
      purpose: (purposes[name] ?? "").replace("NOUN", noun),
    })),
    commands: [
      `isthmus train --config ${run.path}/run.json${again} --out ${run.path}-again`,
      `isthmus evaluate ${run.path} --data ${source}`,
    ],
    model: {
      image,
      medium: data.medium,
      latent: latentOf(model),
      outputs: Object.keys(encoder.outputs),
      takesLabel: {
        encoder: Object.hasOwn(encoder.inputs, "label"),
        decoder: Object.hasOwn(decoder.inputs, "label"),
      },
    },
  };
}
