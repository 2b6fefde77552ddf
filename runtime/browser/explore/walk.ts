/** Interpolation: a strip of pictures on the way from A to B, and a slider along it. */
import { button, canvas, field } from "../elements.ts";
import { paint } from "./paint.ts";
import { between, type View } from "./view.ts";

/** Pictures in the strip. */
const STEPS = 11;

/** Seconds from A to B when it is played. */
const WALK = 3;

export interface WalkEvents {
  readonly go: (along: number) => void;
  readonly setEnd: (end: "a" | "b") => void;
}

/** Codes of the strip's pictures, `[STEPS, latent]`. */
export function codesOfStrip({ model, a, b }: View): Float32Array {
  const codes = new Float32Array(STEPS * model.latent);
  for (let i = 0; i < STEPS; i++) codes.set(between(a, b, i / (STEPS - 1)), i * model.latent);
  return codes;
}

export class Walk {
  readonly #along = field("along");
  readonly #play = button("play");
  readonly #go: (along: number) => void;

  constructor({ go, setEnd }: WalkEvents) {
    this.#go = go;
    this.#along.addEventListener("input", () => {
      this.#stop();
      go(this.#along.valueAsNumber);
    });
    for (const end of ["a", "b"] as const) button(`set-${end}`).addEventListener("click", () => setEnd(end));
    this.#play.addEventListener("click", () => (this.#isPlaying ? this.#stop() : this.#begin()));
  }

  draw(view: View, pixels: Float32Array): void {
    // Lines of text are long: one below the other.
    paint(canvas("strip"), view.model, pixels, view.model.medium.kind === "text" ? 1 : STEPS);
  }

  get #isPlaying(): boolean {
    return this.#play.getAttribute("aria-pressed") === "true";
  }

  /** There and back, until it is stopped. */
  #begin(): void {
    this.#play.setAttribute("aria-pressed", "true");
    const begun = performance.now() - 1000 * WALK * this.#along.valueAsNumber;
    const frame = (now: number) => {
      if (!this.#isPlaying) return;
      const turns = Math.max(0, now - begun) / 1000 / WALK;
      const along = 1 - Math.abs((turns % 2) - 1);
      this.#along.value = String(along);
      this.#go(along);
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }

  #stop(): void {
    this.#play.setAttribute("aria-pressed", "false");
  }
}
