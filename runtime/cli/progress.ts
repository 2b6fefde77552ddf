/** What takes long, on a terminal: one line that moves; elsewhere lines now and then, of a training one an epoch. */
import { stderr } from "node:process";
import type { ImportanceProgress } from "../importance.ts";
import type { Progress } from "../trainer.ts";
import { showCount } from "./output.ts";

const BAR = 34;
/** Letters of a penalty's name that a line has room for. */
const LONGEST_NAME = 16;

/** Between two lines that are not of a terminal. */
const SECONDS = 30;

/** Shows one progress after the other. */
export interface ProgressView<P = Progress> {
  readonly show: (progress: P) => void;
  /** Leaves the terminal's line, so that what comes next begins a new one. */
  readonly end: () => void;
}

/** `penalty` is the name of the term `kl`, null where there is none; `noun` is what an image is called. */
export function progressView(penalty: string | null, noun: string): ProgressView {
  const figures: Figures = ({ loss, kl, imagesPerSecond }, validation) => {
    const name = penalty === null || penalty.length <= LONGEST_NAME ? penalty : "penalty";
    const term = name === null ? "" : `  ${name} ${kl.toFixed(1)}`;
    const valid = validation === null ? "" : `  valid ${validation.loss.toFixed(1)}`;
    return `loss ${loss.toFixed(1)}${term}${valid}  ${showCount(imagesPerSecond)} ${noun}s/s`;
  };
  return stderr.isTTY ? bar(figures) : lines(figures);
}

/** Images that are done, of many. */
export function imagesView(): ProgressView<ImportanceProgress> {
  if (stderr.isTTY)
    return moving(
      ({ done, images, secondsLeft }) =>
        `${strip(done / images)} ${showCount(done)} of ${showCount(images)} images  ${clock(secondsLeft)} left`,
    );
  let last = performance.now();
  return {
    show: ({ done, images, secondsLeft }) => {
      if (performance.now() - last < 1000 * SECONDS) return;
      last = performance.now();
      stderr.write(`${showCount(done)} of ${showCount(images)} images, ${clock(secondsLeft)} left\n`);
    },
    end: () => {},
  };
}

type Figures = (progress: Progress, validation: Progress["validation"]) => string;

function bar(figures: Figures): ProgressView {
  let validation: Progress["validation"] = null;
  return moving((progress) => {
    const { epoch, epochs, step, steps } = progress;
    validation = progress.validation ?? validation;
    const share = ((epoch - 1) * steps + step) / (epochs * steps);
    return `epoch ${epoch}/${epochs} ${strip(share)} ${figures(progress, validation)}  ${clock(progress.secondsLeft)} left`;
  });
}

/** One line, written over and over. */
function moving<P>(line: (progress: P) => string): ProgressView<P> {
  let isOpen = false;
  return {
    show: (progress) => {
      stderr.write(`\r\x1b[K${line(progress).slice(0, (stderr.columns ?? 120) - 1)}`);
      isOpen = true;
    },
    end: () => {
      if (isOpen) stderr.write("\n");
      isOpen = false;
    },
  };
}

/** A bar of which a share from 0 to 1 is done. */
function strip(share: number): string {
  const done = Math.round(BAR * share);
  return `${"━".repeat(done)}${done < BAR ? "╸" : ""}${"─".repeat(Math.max(0, BAR - done - 1))}`;
}

function lines(figures: Figures): ProgressView {
  return {
    show: (progress) => {
      const { epoch, epochs, validation } = progress;
      if (validation !== null) stderr.write(`epoch ${epoch}/${epochs}  ${figures(progress, validation)}\n`);
    },
    end: () => {},
  };
}

/** `0:04`, `1:02:03` */
function clock(seconds: number): string {
  const total = Math.ceil(seconds);
  const [hours, minutes] = [Math.floor(total / 3600), Math.floor(total / 60) % 60];
  const rest = `${String(total % 60).padStart(2, "0")}`;
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}
