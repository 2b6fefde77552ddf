/** `isthmus train` */
import { availableParallelism } from "node:os";
import { basename, join } from "node:path";
import process from "node:process";
import { parse } from "../../graphs/config.ts";
import { trainingConfig } from "../../graphs/training-config.ts";
import { splitNames } from "../../src/data/dataset.ts";
import { fail } from "../../src/ir/error.ts";
import { loadDataset, requireDataset } from "../data/dataset.ts";
import { exists } from "../host/file.ts";
import { nodeHost } from "../host/node.ts";
import { describeModel } from "../report.ts";
import { RunDirectory } from "../run-directory.ts";
import { TrainingRun } from "../training-run.ts";
import { print, say, showBytes, showCount } from "./output.ts";
import { progressView } from "./progress.ts";
import {
  modelOf,
  presetNamed,
  readSettings,
  type Settings,
  settingsOf,
  type TrainFlags,
  withFlags,
} from "./settings.ts";
import { asked } from "./usage.ts";

/** The settings of the call, and the directory that it is about. */
async function readCall(flags: TrainFlags): Promise<{ settings: Settings; out: string }> {
  const config: Settings =
    flags.config === undefined ? { model: {}, training: {} } : await readSettings(flags.config);
  const named = typeof flags.resume === "string" ? flags.resume : (flags.out ?? config.out);
  if (flags.resume !== undefined && named !== undefined && (await exists(named))) {
    const began = settingsOf(await (await RunDirectory.open(named)).readConfig());
    return {
      settings: withFlags({ ...began, ...(flags.config === undefined ? {} : config) }, flags),
      out: named,
    };
  }
  if (typeof flags.resume === "string") fail(flags.resume, "there is no such run");
  const settings = withFlags(config, flags);
  const { preset = "vae", data } = settings;
  const out = named ?? join("runs", `${basename(data!.name)}-${preset}`);
  if (flags.resume === undefined) await RunDirectory.requireNew(out);
  presetNamed(preset);
  await requireDataset(data!.name);
  parse(trainingConfig, settings.training, "training");
  return { settings, out };
}

export async function trainCommand(flags: TrainFlags): Promise<void> {
  const { settings, out } = await asked(() => readCall(flags));
  const { threads, json, report } = flags;
  const data = await loadDataset(settings.data!);
  const stop = new AbortController();
  const run = await asked(() => {
    const options = {
      ...settings.training,
      out,
      resume: flags.resume !== undefined,
      threads,
      report,
      signal: stop.signal,
    };
    return new TrainingRun(modelOf(settings, data.image), data, options, nodeHost);
  });
  const counts = splitNames.map((name) => showCount(data[name].images.count)).join(" + ");
  if (!json)
    say(
      `${describeModel(run.model)} · cpu (${threads ?? availableParallelism()} threads) · ${counts} images`,
    );

  const view = progressView();
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

async function conclude({ result }: TrainingRun, out: string, json: boolean | undefined): Promise<void> {
  const { loss, reconstruction, kl } = result.test;
  const files = await (await RunDirectory.open(out)).files();
  const shown = ["encoder.onnx", "decoder.onnx"].map(
    (name) => `${name} ${showBytes(files.find((file) => file.name === name)?.bytes ?? 0)}`,
  );
  if (files.some(({ name }) => name === "report.html")) shown.push("report.html");
  const lines = [
    `test ${loss.toFixed(1)} nats (reconstruction ${reconstruction.toFixed(1)}, kl ${kl.toFixed(1)})`,
    `${out}   ${shown.join(" · ")}`,
  ];
  print({ out, result }, lines, json);
}
