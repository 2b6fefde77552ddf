/** The worker in which everything of a training is done, so that the page is never kept waiting. */
import { expose, transfer } from "comlink";
import type { Dataset } from "../../../src/data/dataset.ts";
import type { Dropped } from "../../data/dropped.ts";
import { chooseDevice } from "../../device.ts";
import { exportModel } from "../../export.ts";
import { glance, webHost } from "../../host/web.ts";
import { webFiles } from "../../host/web-files.ts";
import { modelOf, trainingOf } from "../../preset.ts";
import { RunDirectory } from "../../run-directory.ts";
import { chosenData, dataOf } from "./data.ts";
import { canDraw, freeName, holding, keepDropped, keptDropped, keptRuns, takeRun, zipOf } from "./kept.ts";
import type { DeviceFound, DeviceWish, Download, Ending, KeptRun, News, TrainingChoice } from "./messages.ts";
import { overflowing } from "./overflow.ts";
import { offers } from "./presets.ts";
import { pathOf } from "./run-files.ts";
import { failed, type Task, TrainingSession } from "./session.ts";

type Tell = (news: News) => void;

let host = webHost();
let session: TrainingSession | undefined;
/** The data of the last training, and the files that they are of, for going on with it after a pause. */
let last:
  | { readonly name: string; readonly data: Dataset; readonly dropped: readonly Dropped[] | undefined }
  | undefined;
let warn: (message: string) => void = () => {};
const files = overflowing(webFiles, (message) => warn(message));

const training = {
  /** Says where ONNX Runtime's files lie, where the bundler does not. */
  locate(wasmPaths: string): void {
    host = webHost({ wasmPaths });
  },

  /** What can be trained on here, as far as can be seen without trying it. */
  async devices(): Promise<DeviceFound[]> {
    const found: DeviceFound[] = [];
    for (const device of ["webgpu", "wasm"] as const) {
      const finding = await glance(device);
      const detail = finding.works ? finding.detail : `${finding.reason}: ${finding.advice}`;
      found.push({ device, works: finding.works, detail, isEmulated: await host.isEmulated(device) });
    }
    return found;
  },

  /** The presets that the form offers. */
  offers,

  /** The runs that are kept. */
  runs(): Promise<KeptRun[]> {
    return keptRuns(files);
  },

  /** Trains anew. Throws where what was asked for can't be; what fails later is an ending. */
  async begin(choice: TrainingChoice, tell: Tell): Promise<Ending> {
    const doing = (what: string) => tell({ kind: "doing", what });
    const device = await deviceFor(choice.device);
    const data = await chosenData(choice.data, doing);
    const { image, classes } = data;
    const count = data.train.images.count;
    const model = modelOf(choice, { image, classes, count });
    const settings = trainingOf(choice, count);
    const name = await freeName(`${choice.data.kind}-${choice.preset}`, files);
    const dropped = choice.data.kind === "files" ? choice.data.files : undefined;
    return follow({ name, model, data, options: { ...settings, device } }, tell, dropped);
  },

  /** Goes on with a run that is kept, on its own device unless told; with the files that it began on, where it needs them. */
  async resume(name: string, tell: Tell, wish?: DeviceWish, given?: readonly Dropped[]): Promise<Ending> {
    const config = await (await RunDirectory.open(pathOf(name), files)).readConfig();
    const { model, training: settings, device: before } = config;
    const device = await deviceFor(wish ?? (before === "webgpu" ? "webgpu" : "wasm"));
    const doing = (what: string) => tell({ kind: "doing", what });
    const options = { ...settings, device, resume: true };
    // Files that were wrong are not gone on with.
    if (last?.name === name && last.data.fingerprint === config.data.fingerprint)
      return follow({ name, model, data: last.data, options }, tell, last.dropped);
    const kept = canDraw(config) ? [] : await keptDropped(name, files);
    const data = await dataOf(config, kept ?? given, doing);
    return follow({ name, model, data, options }, tell, kept === undefined ? given : undefined);
  },

  /** Ends the training under way after its next steps, with a checkpoint. */
  pause(): void {
    session?.pause();
  },

  /** Frees what a run takes; nothing where another tab has it, but an error. */
  async remove(name: string): Promise<void> {
    await holding(name, () => webFiles.remove(pathOf(name)));
    if (last?.name === name) [last, session] = [undefined, undefined];
  },

  /** Keeps a run that was made elsewhere, such as in Node. */
  take(dropped: readonly Dropped[]): Promise<string> {
    return takeRun(dropped, files);
  },

  /** What can be taken home of a run: models of the last training, the checkpoint of any. */
  async download(name: string, what: Download): Promise<Uint8Array> {
    const bytes = what === "checkpoint" ? await zipOf(name, files) : await modelBytes(name, what);
    return transfer(bytes, [bytes.buffer as ArrayBuffer]);
  },

  /** Both halves with the same weights. */
  async halves(name: string): Promise<{ readonly encoder: Uint8Array; readonly decoder: Uint8Array }> {
    if (session?.name === name) return session.models("encoder", "decoder");
    return { encoder: await modelBytes(name, "encoder"), decoder: await modelBytes(name, "decoder") };
  },
};

export type Training = typeof training;

async function modelBytes(name: string, what: Exclude<Download, "checkpoint">): Promise<Uint8Array> {
  if (session?.name === name) return (await session.models(what))[what];
  const path = `${pathOf(name)}/${what}.onnx`;
  if (await files.exists(path)) return files.read(path);
  // A run that was made elsewhere came without its models.
  const run = await RunDirectory.open(pathOf(name), files);
  const { model, training, data, result } = await run.readConfig();
  const { classes, medium } = data;
  return exportModel(what, { model, training, classes, medium, parameters: await run.readBest(), result });
}

async function deviceFor(wish: DeviceWish): Promise<"webgpu" | "wasm"> {
  return (await chooseDevice(host, wish)) === "webgpu" ? "webgpu" : "wasm";
}

/** Trains while no other tab may, and tells what of it can't be kept. */
async function follow(
  task: Pick<Task, "name" | "model" | "data" | "options">,
  tell: Tell,
  dropped: readonly Dropped[] | undefined,
): Promise<Ending> {
  const { name, data, options } = task;
  let isKept = dropped === undefined;
  const hear = (news: News) => {
    tell(news);
    // By now the run is there, and the files are those that it is on.
    if (news.kind !== "progress" || isKept) return;
    isKept = true;
    keepDropped(name, dropped!, webFiles).catch((error: Error) =>
      tell({
        kind: "warning",
        what: `${error.message}. To go on after a reload, drop the same files again.`,
      }),
    );
  };
  warn = (message) =>
    tell({
      kind: "warning",
      what: `${message}. The training goes on in memory: download the checkpoint before you close this tab, or remove other runs.`,
    });
  const finding = await glance(options.device);
  const [detail] = (finding.works ? finding.detail : finding.reason).split(";", 1) as [string];
  return holding(name, async () => {
    session = new TrainingSession({ ...task, host, files, detail, tell: hear });
    last = { name, data, dropped };
    return session.train().catch((error) => failed(error, false));
  });
}

expose(training);
