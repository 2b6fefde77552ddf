/** The form of a new training: what it offers, and what it asks for once it is filled in. */

import type { Dropped } from "../../data/dropped.ts";
import { element, field, select } from "../elements.ts";
import { onChoice } from "./dropping.ts";
import type { DeviceFound, DeviceWish, Offer, TrainingChoice } from "./messages.ts";

export class Setup {
  readonly #form = element("train-setup", HTMLFormElement);
  #offers: readonly Offer[] = [];
  #files: readonly Dropped[] = [];

  /** `start` is told what to train; `take` what files were chosen. */
  constructor(start: (choice: TrainingChoice) => void, take: (files: Dropped[]) => void) {
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      start(this.#choice());
    });
    this.#form.addEventListener("change", ({ target }) => {
      if (target instanceof HTMLInputElement && target.name === "data") this.#showData();
    });
    select("train-preset").addEventListener("change", () => this.#showPreset());
    for (const [button, input] of [
      ["train-choose", "train-input"],
      ["train-open", "train-input"],
      ["train-choose-folder", "train-folder"],
    ] as const)
      element(button, HTMLButtonElement).addEventListener("click", () => field(input).click());
    onChoice(field("train-input"), take);
    onChoice(field("train-folder"), take);
  }

  /** Puts the presets in, and what is known of the devices. */
  offer(offers: readonly Offer[], devices: readonly DeviceFound[]): void {
    this.#offers = offers;
    select("train-preset").replaceChildren(...offers.map(({ name }) => new Option(name, name)));
    this.#showPreset();
    for (const part of this.#form.querySelectorAll<HTMLFieldSetElement | HTMLButtonElement>(":disabled"))
      part.disabled = false;
    this.#showData();
    for (const { device, works, detail, isEmulated } of devices) {
      const text = isEmulated ? `${detail}, played by the CPU: slower than WASM` : detail;
      element(`train-${device}`, HTMLElement).textContent = works ? `· ${text}` : `· not here: ${text}`;
      const radio = [...this.#form.querySelectorAll<HTMLInputElement>('input[name="device"]')];
      for (const one of radio) if (one.value === device) one.disabled = !works;
    }
  }

  /** Takes files to train on. */
  use(files: readonly Dropped[]): void {
    this.#files = files;
    const [first] = files;
    const amount = files.length === 1 ? first!.path : `${files.length} files, the first is ${first!.path}`;
    element("train-chosen", HTMLElement).textContent = `Chosen: ${amount}`;
    const radios = this.#form.querySelectorAll<HTMLInputElement>('input[name="data"]');
    for (const radio of radios) radio.checked = radio.value === "files";
    this.#showData();
  }

  set isShown(isShown: boolean) {
    this.#form.hidden = !isShown;
  }

  #showData(): void {
    const isFiles = this.#data().get("data") === "files";
    for (const [id, isShown] of [
      ["train-files", isFiles],
      ["train-digits", !isFiles],
    ] as const) {
      const part = element(id, HTMLElement);
      part.hidden = !isShown;
      // What is not seen is not checked: a number that can't be would hold the form back without a word.
      for (const one of part.querySelectorAll<HTMLInputElement>('input[type="number"]'))
        one.disabled = !isShown;
    }
  }

  #showPreset(): void {
    const offer = this.#offers.find(({ name }) => name === select("train-preset").value);
    if (offer === undefined) return;
    element("train-about", HTMLElement).textContent = offer.about;
    const { latent, hidden, epochs, batch, learningRate, klWeight, penalty } = offer;
    element("train-weight-field", HTMLElement).hidden = penalty === null;
    element("train-weight", HTMLElement).textContent =
      penalty === "KL divergence" ? "KL weight" : `Weight of the ${penalty}`;
    const values = { latent, hidden: hidden.join(", "), epochs, batch, learningRate, klWeight };
    for (const [name, value] of Object.entries(values))
      (this.#form.elements.namedItem(name) as HTMLInputElement).value = String(value);
  }

  #data(): FormData {
    return new FormData(this.#form);
  }

  #choice(): TrainingChoice {
    const data = this.#data();
    const number = (name: string) => Number(data.get(name));
    const hidden = String(data.get("hidden"))
      .split(",")
      .filter((part) => part.trim() !== "");
    const isFiles = data.get("data") === "files";
    return {
      preset: data.get("preset") as TrainingChoice["preset"],
      data: isFiles
        ? {
            kind: "files",
            files: this.#files,
            side: number("side"),
            channels: number("channels") === 3 ? 3 : 1,
          }
        : { kind: "digits", count: number("count") },
      model: { latent: number("latent"), hidden: hidden.map(Number) },
      training: {
        epochs: number("epochs"),
        batch: number("batch"),
        learningRate: number("learningRate"),
        klWeight: number("klWeight"),
      },
      device: data.get("device") as DeviceWish,
    };
  }
}
