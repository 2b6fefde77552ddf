/** The board of a training under way: numbers, curves and pictures that move as it learns. */

import type { Losses } from "../../losses.ts";
import { PALETTE } from "../../pictures/palette.ts";
import type { Progress } from "../../trainer.ts";
import { canvas, element } from "../elements.ts";
import { paint } from "../explore/paint.ts";
import { Chart } from "./chart.ts";
import type { Begun, Ending, Pictures } from "./messages.ts";
import { Scatter } from "./scatter.ts";

/** Pictures in a row. */
const COLUMNS = 10;

/** Seconds between two things that a screen reader is told. */
const SAID_SECONDS = 5;

export class Board {
  readonly #reconstruction = new Chart(element("train-chart-a", HTMLElement));
  readonly #penalty = new Chart(element("train-chart-b", HTMLElement));
  readonly #scatter = new Scatter(canvas("train-scatter"));
  #begun: Begun | undefined;
  /** Sums of the epoch so far, of which the next progress is told apart. */
  #last = { epoch: 0, step: 0, reconstruction: 0, kl: 0 };
  #said = 0;

  /** Shows a training that begins or goes on. */
  begin(begun: Begun): void {
    const isSame = this.#begun?.name === begun.name;
    this.#begun = begun;
    const { name, description, counts, device, detail, penalty, unit, classes, medium, epochs, isDrawn } =
      begun;
    text("train-name", name);
    const noun = medium.kind === "image" ? "images" : "items";
    const amounts = `${counts[0].toLocaleString("en")} + ${counts[1].toLocaleString("en")} + ${counts[2].toLocaleString("en")} ${noun}`;
    text("train-description", `${description} · ${amounts} · on ${deviceName(device)}, ${detail}`);
    text(
      "train-command",
      `isthmus train --resume ${name}${isDrawn ? "" : " --data <folder of the same IDX files>"}`,
    );
    text("train-title-a", `Reconstruction, ${unit}`);
    text("train-title-b", penalty === null ? "" : `${capital(penalty)}, ${unit}`);
    element("train-figure-b", HTMLElement).hidden = penalty === null;
    element("train-classes", HTMLElement).replaceChildren(...(classes ?? []).map(classKey));
    this.#last = { epoch: 0, step: 0, reconstruction: 0, kl: 0 };
    if (isSame) return;
    for (const id of ["train-loss", "train-validation", "train-speed", "train-left"]) text(id, "–");
    for (const id of ["train-reconstructions", "train-samples"]) clear(canvas(id));
    this.#scatter.clear();
    for (const chart of [this.#reconstruction, this.#penalty]) chart.clear();
    for (const { epoch, train, validation } of epochs) this.#add(epoch, train, validation);
  }

  /** Numbers and curves, several times a second. */
  progress(progress: Progress): void {
    const { epoch, epochs, step, steps, loss, validation, imagesPerSecond, secondsLeft } = progress;
    element("train-progress", HTMLProgressElement).value = (epoch - 1 + step / steps) / epochs;
    text("train-loss", loss.toFixed(1));
    if (validation !== null) text("train-validation", validation.loss.toFixed(1));
    text("train-speed", Math.round(imagesPerSecond).toLocaleString("en"));
    text("train-left", duration(secondsLeft));
    this.#add(epoch - 1 + step / steps, this.#sinceLast(progress), validation);
    if (performance.now() - this.#said < 1000 * SAID_SECONDS && validation?.loss === undefined) return;
    if (performance.now() - this.#said < 1000) return;
    const measured = validation === null ? "" : `, validation ${validation.loss.toFixed(1)}`;
    this.say(
      `Epoch ${epoch} of ${epochs}: loss ${loss.toFixed(1)}${measured}. ${Math.round(imagesPerSecond).toLocaleString("en")} images a second on ${deviceName(this.#begun?.device ?? "wasm")}, ${duration(secondsLeft)} left.`,
    );
    this.#describe(progress);
  }

  pictures({ originals, reconstructions, samples, codes }: Pictures): void {
    if (this.#begun === undefined) return;
    const { image } = this.#begun;
    const size = image.reduce((product, side) => product * side, 1);
    const count = originals.length / size;
    const row = COLUMNS * size;
    const both = new Float32Array(2 * originals.length);
    for (let at = 0; at < originals.length; at += row) {
      both.set(originals.subarray(at, at + row), 2 * at);
      both.set(reconstructions.subarray(at, at + row), 2 * at + Math.min(row, originals.length - at));
    }
    paint(canvas("train-reconstructions"), this.#begun, both, Math.min(count, COLUMNS));
    canvas("train-reconstructions").ariaLabel =
      `${count} validation images, and below each what the model makes of it`;
    element("train-figure-samples", HTMLElement).hidden = samples === null;
    if (samples !== null) {
      paint(canvas("train-samples"), this.#begun, samples, COLUMNS);
      canvas("train-samples").ariaLabel = `${samples.length / size} pictures drawn from the prior`;
    }
    this.#scatter.show(codes);
    const [x, y] = codes.axes;
    text("train-axes", `dimension ${x + 1} across, ${y + 1} up`);
    const kinds = codes.labels === null ? "" : ", a colour a class";
    canvas("train-scatter").ariaLabel =
      `Codes of ${codes.x.length} validation images: dimension ${x + 1} across, ${y + 1} up${kinds}`;
  }

  /** Says what came out of it. */
  end({ epochs, test: { loss, reconstruction, kl } }: Extract<Ending, { kind: "done" }>): void {
    const { penalty, unit } = this.#begun!;
    const parts =
      penalty === null ? "" : ` (reconstruction ${reconstruction.toFixed(1)}, ${penalty} ${kl.toFixed(1)})`;
    element("train-progress", HTMLProgressElement).value = 1;
    text("train-left", "done");
    this.say(
      `Done after ${epochs} ${epochs === 1 ? "epoch" : "epochs"}: test loss ${loss.toFixed(1)} ${unit}${parts}. Models and pictures are of the best epoch.`,
    );
  }

  /** One sentence on where things stand. */
  say(what: string): void {
    this.#said = performance.now();
    text("train-status", what);
  }

  #add(
    epoch: number,
    training: Pick<Losses, "reconstruction" | "kl"> | null,
    validation: Losses | null,
  ): void {
    this.#reconstruction.add(epoch, training?.reconstruction ?? null, validation?.reconstruction ?? null);
    this.#penalty.add(epoch, training?.kl ?? null, validation?.kl ?? null);
  }

  /** Losses of the steps since the last progress: what is told is the mean of the whole epoch so far. */
  #sinceLast({ epoch, step, reconstruction, kl }: Progress): Pick<Losses, "reconstruction" | "kl"> {
    const before = this.#last.epoch === epoch ? this.#last : { step: 0, reconstruction: 0, kl: 0 };
    this.#last = { epoch, step, reconstruction: reconstruction * step, kl: kl * step };
    const steps = Math.max(1, step - before.step);
    return {
      reconstruction: (reconstruction * step - before.reconstruction) / steps,
      kl: (kl * step - before.kl) / steps,
    };
  }

  #describe({ epoch, reconstruction, kl }: Progress): void {
    const { penalty, unit } = this.#begun ?? { penalty: null, unit: "nats" };
    this.#reconstruction.describe(
      `Reconstruction loss in epoch ${epoch}: ${reconstruction.toFixed(1)} ${unit}`,
    );
    this.#penalty.describe(`${capital(penalty ?? "")} in epoch ${epoch}: ${kl.toFixed(1)} ${unit}`);
  }
}

function deviceName(device: string): string {
  return device === "webgpu" ? "WebGPU" : device.toUpperCase();
}

function text(id: string, content: string): void {
  element(id, HTMLElement).textContent = content;
}

function clear(canvas: HTMLCanvasElement): void {
  canvas.getContext("2d")!.clearRect(0, 0, canvas.width, canvas.height);
}

function classKey(name: string, number: number): HTMLElement {
  const key = document.createElement("span");
  const dot = document.createElement("i");
  dot.style.background = PALETTE[number % PALETTE.length]!;
  key.append(dot, name);
  return key;
}

function capital(name: string): string {
  return name.slice(0, 1).toUpperCase() + name.slice(1);
}

/** `12 s`, `3:05 min`, `1 h 20 min` */
function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")} min`;
  return `${Math.floor(whole / 3600)} h ${Math.round((whole % 3600) / 60)} min`;
}
