/** One slider a latent dimension. */
import { element } from "../elements.ts";
import { REACH, type View } from "./view.ts";

export class Sliders {
  readonly #list = element("sliders", HTMLElement);
  readonly #turn: (dimension: number, value: number) => void;

  /** @param turn told which dimension was set to what */
  constructor(turn: (dimension: number, value: number) => void) {
    this.#turn = turn;
  }

  /** As many as the model has dimensions. */
  offer({ model }: View): void {
    const rows = Array.from({ length: model.latent }, (_, i) => {
      const slider = document.createElement("input");
      Object.assign(slider, { type: "range", min: -REACH, max: REACH, step: 0.01, id: `dimension-${i}` });
      slider.addEventListener("input", () => this.#turn(i, slider.valueAsNumber));
      const label = document.createElement("label");
      label.htmlFor = slider.id;
      label.textContent = String(i + 1);
      label.setAttribute("aria-label", `dimension ${i + 1}`);
      slider.setAttribute("aria-label", `dimension ${i + 1}`);
      const value = document.createElement("output");
      value.htmlFor.add(slider.id);
      const row = document.createElement("div");
      row.className = "slider";
      row.append(label, slider, value);
      return row;
    });
    this.#list.replaceChildren(...rows);
  }

  /** Shows a code. */
  place({ code }: View): void {
    for (const [i, row] of [...this.#list.children].entries()) {
      row.querySelector("input")!.value = String(code[i]);
      row.querySelector("output")!.textContent = show(code[i]!);
    }
  }
}

/** A coordinate as it is read: two digits, with a minus sign of its own. */
export function show(value: number): string {
  return value.toFixed(2).replace("-", "−");
}
