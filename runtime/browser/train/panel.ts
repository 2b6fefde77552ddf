/** The *Train* panel: from a form to a training that is followed, paused, gone on with and taken home. */
import { proxy, type Remote, wrap } from "comlink";
import type { Dropped } from "../../data/dropped.ts";
import { isHidden, requireReadable } from "../../data/readable.ts";
import { button, element, field } from "../elements.ts";
import { say, type Way } from "./alert.ts";
import { Board } from "./board.ts";
import { onDrop } from "./dropping.ts";
import { Setup } from "./form.ts";
import { showRuns } from "./list.ts";
import { markup } from "./markup.ts";
import type { DeviceWish, Download, Ending, KeptRun, News } from "./messages.ts";
import { areRun } from "./run-files.ts";
import type { Training } from "./training.worker.ts";
import "./train.css";

/** Trained halves, to be looked at. */
export interface Explored {
  readonly encoder: Uint8Array;
  readonly decoder: Uint8Array;
  readonly name: string;
}

/** What the panel asks of the page around it. */
export interface Surroundings {
  readonly explore: (models: Explored) => void;
  /** Where ONNX Runtime's files lie, where the bundler does not put them. */
  readonly wasmPaths?: string;
}

/** Fills `root` with the panel. */
export function openTraining(root: HTMLElement, surroundings: Surroundings): void {
  root.innerHTML = markup;
  new Panel(root, surroundings);
}

type State = "setup" | "preparing" | "running" | "pausing" | "paused" | "done" | "failed";
type Go = (tell: (news: News) => void) => Promise<Ending>;

class Panel {
  readonly #surroundings: Surroundings;
  readonly #board: Board;
  readonly #setup: Setup;
  #worker: Worker | undefined;
  #training: Remote<Training> | undefined;
  #state: State = "setup";
  /** The run that is shown, and what it was begun on. */
  #name = "";
  #files: readonly Dropped[] | undefined;
  /** The run that waits for the files that it was begun on. */
  #waiting: KeptRun | undefined;
  /** Whether the form is to come back once the training has paused. */
  #isLeaving = false;

  constructor(root: HTMLElement, surroundings: Surroundings) {
    this.#surroundings = surroundings;
    this.#board = new Board();
    this.#setup = new Setup(
      (choice) => {
        [this.#name, this.#files] = ["", choice.data.kind === "files" ? choice.data.files : undefined];
        void navigator.storage?.persist?.();
        void this.#follow((tell) => this.#remote.begin(choice, proxy(tell)));
      },
      (files) => void this.#take(files),
    );
    onDrop(root, (files) => void this.#take(files));
    const click = (id: string, go: () => unknown) => button(id).addEventListener("click", () => void go());
    click("train-pause", () => this.#pause());
    click("train-resume", () => this.#resume(this.#name));
    click("train-stop", () => this.#stop());
    click("train-explore", () => this.#explore(this.#name));
    for (const what of ["encoder", "decoder", "training", "checkpoint"] as const)
      click(`train-${what}`, () => this.#download(this.#name, what));
    this.#show("setup");
    void this.#prepare();
  }

  get #remote(): Remote<Training> {
    if (this.#training === undefined) {
      this.#worker = new Worker(new URL("./training.worker.ts", import.meta.url), { type: "module" });
      this.#worker.addEventListener("error", ({ message }) =>
        say(`The training's worker could not be loaded${message ? `: ${message}` : ""}. Reload the page.`),
      );
      this.#training = wrap<Training>(this.#worker);
      const { wasmPaths } = this.#surroundings;
      if (wasmPaths !== undefined) void this.#training.locate(wasmPaths);
    }
    return this.#training;
  }

  async #prepare(): Promise<void> {
    const [offers, devices] = await Promise.all([this.#remote.offers(), this.#remote.devices()]);
    this.#setup.offer(offers, devices);
    await this.#list();
  }

  async #list(): Promise<void> {
    const runs = await this.#remote.runs().catch(() => []);
    showRuns(runs, {
      resume: (run) => (run.needsFiles ? this.#askFiles(run) : void this.#resume(run.name)),
      open: ({ name }) => void this.#explore(name),
      download: ({ name }) => void this.#download(name, "checkpoint"),
      remove: async ({ name }) => {
        if (!confirm(`Remove ${name}? Its model and all of its training are gone then.`)) return;
        say(null);
        await this.#try(() => this.#remote.remove(name));
        await this.#list();
        // The button that was pressed is gone: the keyboard goes on with the form.
        if (document.activeElement === document.body) button("train-start").focus();
      },
    });
  }

  /** Follows a training to its end, whichever that is. */
  async #follow(go: Go): Promise<void> {
    say(null);
    this.#show("preparing");
    try {
      await this.#end(await go((news) => this.#hear(news)));
    } catch (error) {
      say((error as Error).message);
      this.#show("setup");
      await this.#list();
    }
  }

  #hear(news: News): void {
    if (news.kind === "doing") this.#board.say(`${capital(news.what)} …`);
    else if (news.kind === "warning") say(news.what);
    else if (news.kind === "pictures") this.#board.pictures(news.pictures);
    else if (news.kind === "begun") {
      this.#name = news.begun.name;
      this.#board.begin(news.begun);
      this.#show("running");
    } else if (this.#state === "running") this.#board.progress(news.progress);
  }

  async #end(ending: Ending): Promise<void> {
    if (this.#isLeaving) {
      this.#isLeaving = false;
      this.#show("setup");
      await this.#list();
      return;
    }
    if (ending.kind === "paused") {
      this.#board.say(`Paused after epoch ${ending.epoch}: kept in this browser. Resume whenever you like.`);
      this.#show("paused");
    } else if (ending.kind === "done") {
      this.#board.end(ending);
      this.#show("done");
    } else this.#fail(ending);
  }

  #fail({ message, cause, isKept }: Extract<Ending, { kind: "failed" }>): void {
    const name = this.#name;
    const onWasm: Way = { name: "Go on with WASM", go: () => void this.#resume(name, "wasm") };
    const again: Way = { name: "Go on from the checkpoint", go: () => void this.#resume(name) };
    const anew: Way = { name: "Change the settings", go: () => this.#stop() };
    if (cause === "device") {
      // Nothing that was opened on the device can be used again.
      this.#restart();
      say(`The GPU is gone. ${message}`, isKept ? [onWasm, again] : [anew]);
    } else if (cause === "numbers") say(`The numbers ran away. ${message}`, [anew]);
    else say(message, isKept ? [again, anew] : [anew]);
    this.#board.say("The training stopped.");
    this.#show("failed");
  }

  #restart(): void {
    this.#worker?.terminate();
    this.#training = undefined;
  }

  async #pause(): Promise<void> {
    this.#show("pausing");
    this.#board.say("Pausing after the steps under way …");
    await this.#remote.pause();
  }

  /** Goes on with a run: with the files given, or those of the run that is shown. */
  async #resume(name: string, device?: DeviceWish, given?: readonly Dropped[]): Promise<void> {
    this.#files = given ?? (name === this.#name ? this.#files : undefined);
    this.#name = name;
    await this.#follow((tell) => this.#remote.resume(name, proxy(tell), device, this.#files));
  }

  /** Back to the form; what was trained is kept. */
  #stop(): void {
    if (this.#state === "running" || this.#state === "pausing") {
      this.#isLeaving = true;
      void this.#pause();
      return;
    }
    say(null);
    this.#show("setup");
    void this.#list();
  }

  /** Files that were dropped or chosen: a run, the files that one waits for, or what to train on. */
  async #take(files: readonly Dropped[]): Promise<void> {
    if (this.#state !== "setup") {
      say("A training is open: stop it first, then drop files for the next one.");
      return;
    }
    if (areRun(files.map(({ path }) => path))) {
      const name = await this.#try(() => this.#remote.take([...files]));
      if (name === undefined) return;
      await this.#list();
      say(`${name} is kept in this browser now: go on with it under “Runs in this browser”.`);
    } else if (this.#waiting !== undefined) {
      const { name } = this.#waiting;
      this.#waiting = undefined;
      await this.#resume(name, undefined, files);
    } else {
      const shown = files.filter(({ path }) => !isHidden(path));
      try {
        requireReadable(shown.map(({ path }) => path));
      } catch (error) {
        say((error as Error).message);
        return;
      }
      say(null);
      this.#setup.use(shown);
    }
  }

  #askFiles(run: KeptRun): void {
    this.#waiting = run;
    say(
      `${run.name} was begun on ${run.data}, which this page does not keep: drop the same files here, or choose them.`,
      [
        { name: "Choose files …", go: () => field("train-input").click() },
        { name: "Choose a folder …", go: () => field("train-folder").click() },
      ],
    );
  }

  async #explore(name: string): Promise<void> {
    await this.#try(async () => {
      this.#surroundings.explore({ ...(await this.#remote.halves(name)), name });
    });
  }

  async #download(name: string, what: Download): Promise<void> {
    const bytes = await this.#try(() => this.#remote.download(name, what));
    if (bytes === undefined) return;
    const address = URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>]));
    const link = document.createElement("a");
    const file = what === "checkpoint" ? `${name}.zip` : `${what}.onnx`;
    Object.assign(link, { href: address, download: file });
    link.click();
    // The browser has begun to read it by then.
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
  }

  /** What is asked for; where that fails, nothing, and it is said why. */
  async #try<T>(ask: () => Promise<T>): Promise<T | undefined> {
    try {
      return await ask();
    } catch (error) {
      say((error as Error).message);
      return undefined;
    }
  }

  #show(state: State): void {
    const before = this.#state;
    this.#state = state;
    const isSetup = state === "setup";
    this.#setup.isShown = isSetup;
    element("train-lead", HTMLElement).hidden = !isSetup;
    if (!isSetup) element("train-kept", HTMLElement).hidden = true;
    element("train-live", HTMLElement).hidden = isSetup;
    const isOver = state === "paused" || state === "done" || state === "failed";
    button("train-pause").hidden = isOver;
    button("train-pause").disabled = state !== "running";
    button("train-resume").hidden = state !== "paused";
    button("train-stop").textContent = isOver ? "New training" : "Stop";
    button("train-stop").disabled = state === "preparing";
    const hasModel = state === "running" || state === "paused" || state === "done";
    for (const id of ["explore", "encoder", "decoder", "training", "checkpoint"])
      button(`train-${id}`).disabled = !hasModel;
    if (before === "setup" && !isSetup) element("train-live", HTMLElement).scrollIntoView();
    // The button that was pressed may be gone: keep the keyboard where things go on.
    const active = document.activeElement;
    if (active === document.body || active?.checkVisibility() === false) {
      const next = { setup: "train-start", paused: "train-resume", done: "train-stop" };
      element(next[state as "setup"] ?? "train-live", HTMLElement).focus({ preventScroll: true });
    }
  }
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
