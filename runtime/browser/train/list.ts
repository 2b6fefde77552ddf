/** The runs that the browser keeps, each with what can be done with it. */
import { element } from "../elements.ts";
import type { KeptRun } from "./messages.ts";

/** What is done with a run, by its name. */
export interface RunActions {
  readonly resume: (run: KeptRun) => void;
  readonly open: (run: KeptRun) => void;
  readonly download: (run: KeptRun) => void;
  readonly remove: (run: KeptRun) => void;
}

/** Shows the runs; nothing where there are none. */
export function showRuns(runs: readonly KeptRun[], actions: RunActions): void {
  element("train-kept", HTMLElement).hidden = runs.length === 0;
  element("train-runs", HTMLElement).replaceChildren(...runs.map((run) => row(run, actions)));
}

function row(run: KeptRun, { resume, open, download, remove }: RunActions): HTMLLIElement {
  const item = document.createElement("li");
  const about = document.createElement("div");
  about.className = "about";
  const name = document.createElement("strong");
  name.textContent = run.name;
  const facts = document.createElement("span");
  facts.className = "hint";
  facts.textContent = factsOf(run);
  about.append(name, facts);
  item.append(about);
  const add = (title: string, go: (run: KeptRun) => void, isPrimary = false) => {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: title });
    button.ariaLabel = `${title} ${run.name}`;
    if (isPrimary) button.className = "primary";
    button.addEventListener("click", () => go(run));
    item.append(button);
  };
  if (run.damage === undefined && !run.isBusy) {
    if (run.isDone) add("Explore", open);
    else add("Resume", resume, true);
  }
  if (run.damage === undefined) add("Download", download);
  if (!run.isBusy) add("Remove", remove);
  return item;
}

function factsOf({ description, data, epoch, epochs, isDone, isBusy, damage, bytes }: KeptRun): string {
  const size = `${(bytes / 2 ** 20).toFixed(1)} MB`;
  if (damage !== undefined) return `can't be gone on with: ${damage} · ${size}`;
  const state = isDone
    ? `done, ${epochs} ${epochs === 1 ? "epoch" : "epochs"}`
    : `stopped after epoch ${epoch} of ${epochs}`;
  return `${description} · ${data} · ${isBusy ? "training in another tab" : state} · ${size}`;
}
