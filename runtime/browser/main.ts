/** The page: two panels, of which the second is fetched when it is first opened. */
import { wrap } from "comlink";
import { button, element } from "./elements.ts";
import { Explorer } from "./explore/explorer.ts";
import { fetchBundled, fetchModel } from "./explore/models.ts";
import type { Inference } from "./inference/worker.ts";

const worker = new Worker(new URL("inference/worker.ts", import.meta.url), { type: "module" });
const inference = wrap<Inference>(worker);
const explorer = new Explorer(inference);

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

function open(panel: Panel): void {
  if (panel === "train" && !isTrainOpen) {
    isTrainOpen = true;
    void import("./train/panel.ts").then(({ openTraining }) =>
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
    );
  }
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
