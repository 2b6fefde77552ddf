/** The page: two panels, of which the second is fetched when it is first opened. */
import { wrap } from "comlink";
import { button, element } from "./elements.ts";
import { Explorer } from "./explore/explorer.ts";
import { fetchBundled, fetchModel } from "./explore/models.ts";
import type { Inference } from "./inference/worker.ts";
import { unfinishedRun } from "./unfinished.ts";

const worker = new Worker(new URL("inference/worker.ts", import.meta.url), { type: "module" });
const inference = wrap<Inference>(worker);
const explorer = new Explorer(inference);
worker.addEventListener("error", () => {
  element("device", HTMLElement).textContent = "no decoder";
  explorer.report(
    new Error("The decoder's worker could not be loaded: reload the page once you are online."),
  );
});

const asked = new URLSearchParams(location.search);
const decoder = asked.get("decoder");
void explorer.open(decoder === null ? fetchBundled(0) : fetchModel(decoder, asked.get("encoder") ?? ""));
void inference.device().then((device) => {
  element("device", HTMLElement).textContent = `decoder on WASM, ${device}`;
});

const panels = { explore: element("explore", HTMLElement), train: element("train", HTMLElement) };
const tabs = { explore: button("tab-explore"), train: button("tab-train") };
type Panel = keyof typeof panels;

let isTrainOpen = false;

const unfinished = element("unfinished", HTMLElement);
void unfinishedRun().then((name) => {
  if (name === undefined || isTrainOpen) return;
  element("unfinished-name", HTMLElement).textContent = name;
  unfinished.hidden = false;
});
button("go-on").addEventListener("click", () => {
  open("train");
  tabs.train.focus();
});
// A file that misses its target would open in place of the page, and end what is trained in it.
for (const type of ["dragover", "drop"] as const)
  addEventListener(type, (event) => {
    if (event.defaultPrevented || !event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "none";
  });

function open(panel: Panel): void {
  if (panel === "train" && !isTrainOpen) {
    isTrainOpen = true;
    void import("./train/panel.ts").then(
      ({ openTraining }) =>
        openTraining(panels.train, {
          explore: ({ name, encoder, decoder }) => {
            open("explore");
            tabs.explore.focus();
            void explorer.open({
              name,
              encoder: { name: `${name}, encoder`, bytes: encoder },
              decoder: { name: `${name}, decoder`, bytes: decoder },
            });
          },
        }),
      () => {
        const alert = Object.assign(document.createElement("p"), { className: "alert", role: "alert" });
        alert.textContent =
          "The training's code could not be loaded: reload the page once you are online. Exploring works meanwhile.";
        panels.train.append(alert);
      },
    );
  }
  if (panel === "train") unfinished.hidden = true;
  for (const name of ["explore", "train"] as const) {
    panels[name].hidden = name !== panel;
    tabs[name].ariaSelected = String(name === panel);
    tabs[name].tabIndex = name === panel ? 0 : -1;
  }
}

for (const name of ["explore", "train"] as const) {
  tabs[name].addEventListener("click", () => open(name));
  tabs[name].addEventListener("keydown", ({ key }) => {
    if (key !== "ArrowLeft" && key !== "ArrowRight") return;
    const other = name === "explore" ? "train" : "explore";
    open(other);
    tabs[other].focus();
  });
}
