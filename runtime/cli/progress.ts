/** A training on a terminal: one line that moves; elsewhere a line an epoch. */
import { stderr } from "node:process";
import type { Progress } from "../trainer.ts";
import { showCount } from "./output.ts";

const BAR = 34;
/** Letters of a penalty's name that a line has room for. */
const LONGEST_NAME = 16;

/** Shows one progress after the other. */
export interface ProgressView {
  readonly show: (progress: Progress) => void;
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

type Figures = (progress: Progress, validation: Progress["validation"]) => string;

function bar(figures: Figures): ProgressView {
  let isOpen = false;
  let validation: Progress["validation"] = null;
  return {
    show: (progress) => {
      const { epoch, epochs, step, steps } = progress;
      validation = progress.validation ?? validation;
      const done = Math.round((BAR * ((epoch - 1) * steps + step)) / (epochs * steps));
      const line = `epoch ${epoch}/${epochs} ${"━".repeat(done)}${done < BAR ? "╸" : ""}${"─".repeat(Math.max(0, BAR - done - 1))} ${figures(progress, validation)}  ${clock(progress.secondsLeft)} left`;
      stderr.write(`\r\x1b[K${line.slice(0, (stderr.columns ?? 120) - 1)}`);
      isOpen = true;
    },
    end: () => {
      if (isOpen) stderr.write("\n");
      isOpen = false;
    },
  };
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
