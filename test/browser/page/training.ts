/** In a page: the Train panel's worker, told what to do by a test. */
import { proxy, type Remote, wrap } from "comlink";
import type {
  Begun,
  Download,
  Ending,
  KeptRun,
  News,
  TrainingChoice,
} from "../../../runtime/browser/train/messages.ts";
import { pathOf } from "../../../runtime/browser/train/run-files.ts";
import type { Training } from "../../../runtime/browser/train/training.worker.ts";
import { webFiles } from "../../../runtime/web.ts";

let worker: Worker;
let training: Remote<Training>;

/** Starts the worker; one that is there is ended in the middle of whatever it does. */
export async function start(script: "worker" | "losing" | "unkept" = "worker"): Promise<void> {
  worker?.terminate();
  worker = new Worker(`/${script}.js`, { type: "module" });
  training = wrap<Training>(worker);
  await training.locate(`${location.origin}/ort/`);
}

/** What was told of a training, and how it ended; `error` where it was refused. */
export interface Told {
  readonly ending?: Ending;
  readonly error?: string;
  readonly begun?: Begun;
  readonly losses: readonly number[];
  readonly steps: number;
  readonly pictures: number;
  readonly warnings: readonly string[];
  /** What was done before it. */
  readonly doing: readonly string[];
}

/** After how many steps a training is paused, its worker ended, or its GPU lost. */
interface Until {
  readonly pauseAfter?: number;
  readonly killAfter?: number;
  readonly loseAfter?: number;
}

/** Follows a training. */
async function follow(
  go: (tell: (news: News) => void) => Promise<Ending>,
  { pauseAfter = Infinity, killAfter = Infinity, loseAfter = Infinity }: Until,
): Promise<Told> {
  let [begun, steps, pictures] = [undefined as Begun | undefined, 0, 0];
  const losses: number[] = [];
  const warnings: string[] = [];
  const doing: string[] = [];
  const told = () => ({ ...(begun && { begun }), losses, steps, pictures, warnings, doing });
  let die: () => void;
  const died = new Promise<void>((resolve) => {
    die = resolve;
  });
  const tell = proxy((news: News) => {
    if (news.kind === "begun") begun = news.begun;
    if (news.kind === "warning") warnings.push(news.what);
    if (news.kind === "doing") doing.push(news.what);
    if (news.kind === "pictures") pictures++;
    if (news.kind !== "progress") return;
    const { loss, epoch, step, steps: each, validation } = news.progress;
    steps = (epoch - 1) * each + step;
    if (validation !== null) losses.push(loss);
    if (steps >= killAfter) {
      worker.terminate();
      die();
    } else if (steps >= loseAfter) worker.postMessage("lose the GPU");
    else if (steps >= pauseAfter) void training.pause();
  });
  try {
    const ending = await Promise.race([go(tell), died]);
    return { ...told(), ...(ending && { ending }) };
  } catch (error) {
    return { ...told(), error: (error as Error).message };
  }
}

export const begin = (choice: TrainingChoice, until: Until = {}) =>
  follow((tell) => training.begin(choice, tell), until);

export const resume = (
  name: string,
  device: "wasm" | "webgpu" | undefined,
  files?: readonly { readonly path: string; readonly bytes: Uint8Array<ArrayBuffer> }[],
  until: Until = {},
) => follow((tell) => training.resume(name, tell, device, files?.map(dropped)), until);

export const runs = (): Promise<KeptRun[]> => training.runs();

export const take = (
  files: readonly { readonly path: string; readonly bytes: Uint8Array<ArrayBuffer> }[],
): Promise<string> => training.take(files.map(dropped));

export const download = (name: string, what: Download): Promise<Uint8Array> => training.download(name, what);

/** Whether the files that a run was begun on are kept beside it. */
export const keepsFiles = (name: string): Promise<boolean> => webFiles.exists(`${pathOf(name)}/dropped.zip`);

export const remove = (name: string): Promise<void> => training.remove(name);

function dropped({ path, bytes }: { readonly path: string; readonly bytes: Uint8Array<ArrayBuffer> }) {
  return { path, file: new File([bytes], path.split("/").at(-1)!) };
}

/** The choice with files instead of the data that it has. */
export const beginOn = (
  choice: TrainingChoice,
  files: readonly { readonly path: string; readonly bytes: Uint8Array<ArrayBuffer> }[],
  until: Until = {},
) => begin({ ...choice, data: { kind: "files", files: files.map(dropped), side: 28, channels: 1 } }, until);
