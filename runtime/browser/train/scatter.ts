/** Codes of validation images as points, a colour a class, in a plane that grows with them. */
import { PALETTE } from "../../pictures/palette.ts";
import type { Pictures } from "./messages.ts";

/** What the standard normal prior reaches. */
const REACH = 3;

export class Scatter {
  readonly #canvas: HTMLCanvasElement;
  #codes: Pictures["codes"] | undefined;
  #reach = REACH;

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
    new ResizeObserver(() => this.#draw()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#draw());
  }

  clear(): void {
    this.#codes = undefined;
    this.#reach = REACH;
    this.#draw();
  }

  show(codes: Pictures["codes"]): void {
    this.#codes = codes;
    const farthest = [...codes.x, ...codes.y].map(Math.abs).sort((a, b) => a - b);
    const wanted = Math.max(REACH, 1.1 * (farthest[Math.floor(0.99 * (farthest.length - 1))] ?? 0));
    // Not for every little change, so that points move and not the plane.
    if (wanted > this.#reach || wanted < this.#reach / 1.5) this.#reach = wanted;
    this.#draw();
  }

  #draw(): void {
    const side = Math.round(this.#canvas.clientWidth * devicePixelRatio);
    if (side === 0) return;
    if (this.#canvas.width !== side) Object.assign(this.#canvas, { width: side, height: side });
    const context = this.#canvas.getContext("2d")!;
    const style = getComputedStyle(this.#canvas);
    context.clearRect(0, 0, side, side);
    const at = (value: number) => ((value / this.#reach + 1) / 2) * side;
    context.strokeStyle = style.getPropertyValue("--line");
    context.lineWidth = devicePixelRatio;
    context.beginPath();
    for (let line = -Math.floor(this.#reach); line <= this.#reach; line += Math.ceil(this.#reach / 8)) {
      context.moveTo(at(line), 0);
      context.lineTo(at(line), side);
      context.moveTo(0, at(line));
      context.lineTo(side, at(line));
    }
    context.stroke();
    if (this.#codes === undefined) return;
    const { x, y, labels } = this.#codes;
    context.globalAlpha = 0.85;
    for (let i = 0; i < x.length; i++) {
      context.fillStyle =
        labels === null ? style.getPropertyValue("--accent") : PALETTE[labels[i]! % PALETTE.length]!;
      context.beginPath();
      context.arc(at(x[i]!), side - at(y[i]!), 3 * devicePixelRatio, 0, 2 * Math.PI);
      context.fill();
    }
    context.globalAlpha = 1;
  }
}
