/** `isthmus train` */
import { availableParallelism } from "node:os";
import { basename, join, resolve } from "node:path";
import process from "node:process";
import { parse } from "../../graphs/config.ts";
import { describeModel, factsOf } from "../../graphs/families.ts";
import type { ImportedModel } from "../../graphs/import/import.ts";
import { residentStepGraph } from "../../graphs/resident-step.ts";
import { trainingGraph } from "../../graphs/training.ts";
import { type TrainingConfig, trainingConfig } from "../../graphs/training-config.ts";
import { splitNames } from "../../src/data/dataset.ts";
import type { ImageShape } from "../../src/data/images.ts";
import { fail } from "../../src/ir/error.ts";
import { encode } from "../../src/onnx/encode.ts";
import { collapseOf } from "../collapse.ts";
import { loadDataset, requireDataset } from "../data/dataset.ts";
import { chooseDevice, type DeviceChoice } from "../device.ts";
import type { OpenEngine } from "../engine/engine.ts";
import { nounOf } from "../figures/gallery.ts";
import type { Device } from "../host/host.ts";
import { nodeHost } from "../host/node.ts";
import { nodeFiles } from "../host/node-files.ts";
import { placementOf } from "../host/node-placement.ts";
import { nodePlatform } from "../node-platform.ts";
import { modelOf, trainingOf } from "../preset.ts";
import { requireSame } from "../run-config.ts";
import { RunDirectory } from "../run-directory.ts";
import { TrainingRun } from "../training-run.ts";
import { readForeign } from "./foreign.ts";
import { print, say, showBytes, showCount, showLosses, showPlacement } from "./output.ts";
import { progressView } from "./progress.ts";
import { readSettings, type Settings, settingsOf, type TrainFlags, withFile, withFlags } from "./settings.ts";
import { asked } from "./usage.ts";

/** Steps within which no KL term is said to have died. */
const EARLY = 500;

/** What a call is about. */
interface Call {
  readonly settings: Settings;
  readonly out: string;
  /** What to train on: as asked, else where the run that is resumed was. */
  readonly device: DeviceChoice;
  /** The model in the files that were named, if any were, for images of a shape. */
  readonly foreign: ((image: ImageShape) => ImportedModel) | undefined;
}

async function readCall(flags: TrainFlags): Promise<Call> {
  const config: Settings =
    flags.config === undefined ? { model: {}, training: {} } : await readSettings(flags.config);
  const settings = withFlags(config, flags);
  const foreign = await readForeign(flags);
  const { data, preset = "vae" } = settings;
  const model = flags.model === undefined ? preset : basename(flags.model, ".onnx");
  const { out = join("runs", `${basename(resolve(data!.name))}-${model}`) } = settings;
  const { resume } = flags;
  if (typeof resume === "string" && flags.out !== undefined)
    fail("train", `--resume ${resume} and --out ${flags.out} name a run each: leave one out`);
  if (typeof resume === "string" || (resume && (await RunDirectory.isAt(out, nodeFiles)))) {
    const path = typeof resume === "string" ? resume : out;
    return { ...(await readResumed(path, config, flags, foreign)), out: path, foreign };
  }
  if (resume && flags.out === undefined && config.out === undefined)
    fail("train", `there is no run ${out} to go on with: name one after --resume, or one to begin as --out`);
  await RunDirectory.requireNew(out, nodeFiles);
  await checkedTraining(settings);
  return { settings, out, device: flags.device ?? "auto", foreign };
}

/** The settings of a run that is there, with a file's and options laid over them. Throws where it can't be resumed so. */
async function readResumed(
  path: string,
  config: Settings,
  flags: TrainFlags,
  foreign: Call["foreign"],
): Promise<Pick<Call, "settings" | "device">> {
  const began = await (await RunDirectory.open(path, nodeFiles)).readConfig();
  const settings = withFlags(withFile(settingsOf(began), config), flags);
  const { image } = began.model;
  const facts = { image, classes: began.data.classes, count: began.data.splits.train.count };
  const training = await checkedTraining(settings, facts.count);
  requireSame(began, { model: foreign?.(image).model ?? modelOf(settings, facts), training }, path);
  // A run that began in a page names a device that is not here.
  const before = nodeHost.devices.find((device) => device === began.device) ?? "auto";
  return { settings, device: flags.device ?? before };
}

/** Throws where the settings name a preset or data that there are not, or a training that can't be. */
async function checkedTraining(settings: Settings, count?: number): Promise<TrainingConfig> {
  const training = trainingOf(settings, count);
  await requireDataset(settings.data!.name);
  return parse(trainingConfig, training, "training");
}

export async function trainCommand(flags: TrainFlags): Promise<void> {
  const { settings, out, device: wanted, foreign } = await asked(() => readCall(flags));
  const { threads, json, report } = flags;
  const engine = await asked(() => engineOf(flags, settings));
  const device = engine === undefined ? await asked(() => chooseDevice(nodeHost, wanted)) : "cpu";
  const data = await loadDataset(settings.data!);
  const stop = new AbortController();
  const run = await asked(() => {
    const facts = { image: data.image, classes: data.classes, count: data.train.images.count };
    const { model, parameters } = foreign?.(data.image) ?? { model: modelOf(settings, facts) };
    const options = {
      ...trainingOf(settings, facts.count),
      parameters,
      out,
      resume: flags.resume !== undefined,
      device,
      threads,
      engine,
      report,
      signal: stop.signal,
    };
    return new TrainingRun(model, data, options, nodePlatform);
  });
  const noun = nounOf(data.medium);
  const counts = splitNames.map((name) => showCount(data[name].images.count)).join(" + ");
  if (!json)
    say(
      `${describeModel(run.model)} · ${device}${device === "cpu" ? ` (${threads ?? availableParallelism()} threads)` : ""} · ${counts} ${noun}s`,
    );

  if (!json && device !== "cpu") say(await placementLine(run, device));

  const view = progressView(factsOf(run.model).penalty, noun);
  let warned = false;
  // The first signal stops after the run under way, with a checkpoint; the second one does what it does by default.
  const interrupt = (signal: NodeJS.Signals) => {
    for (const name of ["SIGINT", "SIGTERM"] as const) process.off(name, interrupt);
    stop.abort(signal);
  };
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, interrupt);
  try {
    for await (const progress of run) {
      if (!json) view.show(progress);
      else if (progress.validation !== null) print(progress, [], true);
      // Early on every code says little.
      const { epoch, epochs, steps } = progress;
      const isLate = progress.validation !== null && epoch >= epochs / 5 && epoch * steps >= EARLY;
      const collapse = isLate && !warned ? collapseOf(run.model, progress) : null;
      if (collapse !== null) {
        view.end();
        say(`warning: after epoch ${progress.epoch} ${collapse}`);
        warned = true;
      }
    }
  } finally {
    view.end();
    for (const name of ["SIGINT", "SIGTERM"] as const) process.off(name, interrupt);
  }
  if (run.isStopped) {
    say(`stopped; go on with: isthmus train --resume ${out}`);
    process.kill(process.pid, stop.signal.reason);
    return;
  }
  await conclude(run, out, json);
}

/** The engine that was asked for. Throws where it is not installed, or can't be what trains. */
async function engineOf({ engine, device }: TrainFlags, settings: Settings): Promise<OpenEngine | undefined> {
  if (engine !== "training-session") return undefined;
  if (device !== undefined && device !== "auto" && device !== "cpu")
    fail(engine, `runs on the CPU alone: leave out --device ${device}`);
  const { openSessionEngine } = await import("../training-session/node.ts");
  return openSessionEngine(parse(trainingConfig, trainingOf(settings), "training"));
}

/** What of the training the device does not do itself, to be known before a long run. */
async function placementLine({ model, training }: TrainingRun, device: Device): Promise<string> {
  const graph = device === "cuda" ? trainingGraph(model, training) : residentStepGraph(model, training);
  return showPlacement(device, await placementOf(encode(graph), device, graph.name));
}

async function conclude(
  { model, result }: TrainingRun,
  out: string,
  json: boolean | undefined,
): Promise<void> {
  const files = await (await RunDirectory.open(out, nodeFiles)).files();
  const shown = ["encoder.onnx", "decoder.onnx"].map(
    (name) => `${name} ${showBytes(files.find((file) => file.name === name)?.bytes ?? 0)}`,
  );
  if (files.some(({ name }) => name === "report.html")) shown.push("report.html");
  const lines = [`test ${showLosses(result.test, factsOf(model), 1)}`, `${out}   ${shown.join(" · ")}`];
  print({ out, result }, lines, json);
}
