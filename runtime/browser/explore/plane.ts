/** The latent plane: what the decoder draws over it, and a point to drag. */
import { canvas, element, select, setOptions } from "../elements.ts";
import { paint, tileOf } from "./paint.ts";
import { REACH, type View, withValues } from "./view.ts";

/** Pixels of the whole map, about: it has as many tiles as fit, but no more than a decoder draws in a blink. */
const MAP = 450;
const [FEWEST, MOST] = [5, 15];
/** Columns of lines of text, which are long. */
const TEXT_COLUMNS = 2;

export interface PlaneEvents {
  readonly move: (code: Float32Array) => void;
  readonly turn: (axes: readonly [number, number]) => void;
}

/** Codes of the map's tiles, `[rows · columns, latent]`, row by row from the top. */
export function codesOfMap({ model, code, axes: [across, up] }: View): Float32Array {
  const { columns, rows } = tilesOf(model);
  const codes = new Float32Array(rows * columns * model.latent);
  const at = (step: number, steps: number) => ((step + 0.5) / steps) * 2 * REACH - REACH;
  for (let i = 0; i < rows * columns; i++) {
    // With one dimension both axes are the same, and across is what counts.
    const y = -at(Math.floor(i / columns), rows);
    const point = withValues(code, { [up]: y, [across]: at(i % columns, columns) });
    codes.set(point, i * model.latent);
  }
  return codes;
}

function tilesOf(model: View["model"]): { readonly columns: number; readonly rows: number } {
  const { width, height } = tileOf(model);
  const fitting = (side: number) => Math.min(MOST, Math.max(FEWEST, Math.floor(MAP / side)));
  const { kind } = model.medium;
  if (kind === "text") return { columns: TEXT_COLUMNS, rows: fitting(height) };
  if (kind === "sound") return { columns: fitting(width), rows: fitting(height) };
  const tiles = fitting(Math.max(width, height));
  return { columns: tiles, rows: tiles };
}

/** The panel around the map. */
export class Plane {
  readonly #map = element("map", HTMLElement);
  readonly #picture = canvas("plane");
  readonly #here = element("here", HTMLElement);
  readonly #ends = { a: element("end-a", HTMLElement), b: element("end-b", HTMLElement) };
  readonly #axes = [select("axis-x"), select("axis-y")] as const;
  #view: View | undefined;

  constructor({ move, turn }: PlaneEvents) {
    this.#map.tabIndex = 0;
    const pointAt = ({ clientX, clientY }: PointerEvent) => {
      if (this.#view === undefined) return;
      const { left, top, width, height } = this.#map.getBoundingClientRect();
      const limit = (value: number) => Math.max(-REACH, Math.min(REACH, value));
      const [across, up] = this.#view.axes;
      const y = limit((0.5 - (clientY - top) / height) * 2 * REACH);
      const x = limit(((clientX - left) / width - 0.5) * 2 * REACH);
      move(withValues(this.#view.code, { [up]: y, [across]: x }));
    };
    this.#map.addEventListener("pointerdown", (event) => {
      this.#map.setPointerCapture(event.pointerId);
      pointAt(event);
    });
    this.#map.addEventListener("pointermove", (event) => {
      if (this.#map.hasPointerCapture(event.pointerId)) pointAt(event);
    });
    this.#map.addEventListener("keydown", (event) => {
      const direction = directions[event.key];
      if (this.#view === undefined || direction === undefined) return;
      event.preventDefault();
      const step = event.shiftKey ? 0.02 : 0.1;
      const { code, axes } = this.#view;
      const [across, up] = axes;
      const [dx, dy] = direction;
      const y = code[up]! + dy * step;
      const x = code[across]! + dx * step;
      move(withValues(code, across === up ? { [across]: x + dy * step } : { [up]: y, [across]: x }));
    });
    for (const axis of this.#axes)
      axis.addEventListener("change", () => turn([+this.#axes[0].value, +this.#axes[1].value]));
  }

  /** Sets the choices of dimensions. */
  offer({ model, axes }: View): void {
    const names = Array.from({ length: model.latent }, (_, i) => `dim. ${i + 1}`);
    for (const [i, axis] of this.#axes.entries()) {
      setOptions(axis, names, axes[i]!);
      axis.disabled = model.latent === 1;
    }
  }

  /** Moves the points over the map. */
  place(view: View): void {
    this.#view = view;
    position(this.#here, view, view.code);
    position(this.#ends.a, view, view.a);
    position(this.#ends.b, view, view.b);
    for (const end of Object.values(this.#ends)) end.hidden = false;
  }

  /** Draws the map. */
  draw(view: View, pixels: Float32Array): void {
    paint(this.#picture, view.model, pixels, tilesOf(view.model).columns);
  }
}

const directions: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowDown: [0, -1],
  ArrowUp: [0, 1],
};

function position(point: HTMLElement, { axes: [across, up] }: View, code: Float32Array): void {
  const share = (value: number) => Math.max(0, Math.min(1, (value + REACH) / (2 * REACH)));
  point.style.left = `${100 * share(code[across]!)}%`;
  point.style.top = `${100 * (1 - share(across === up ? 0 : code[up]!))}%`;
}
