/** One curve of a loss as it falls, over epochs: of training, step by step, and of validation at each epoch's end. */
import UPlot from "uplot";
import "uplot/dist/uPlot.min.css";

/** More points than pixels are of no use: then every other one goes. */
const MOST = 1200;
const HEIGHT = 220;

export class Chart {
  readonly #root: HTMLElement;
  readonly #plot: UPlot;
  #epochs: number[] = [];
  #training: (number | null)[] = [];
  #validation: (number | null)[] = [];
  #drawing = 0;

  constructor(root: HTMLElement) {
    this.#root = root;
    const colour = (name: string) => () => getComputedStyle(root).getPropertyValue(name);
    const axis: UPlot.Axis = {
      stroke: colour("--muted"),
      grid: { stroke: colour("--line"), width: 1 },
      ticks: { show: false },
      font: "12px system-ui, sans-serif",
    };
    this.#plot = new UPlot(
      {
        width: root.clientWidth || 300,
        height: HEIGHT,
        legend: { show: false },
        cursor: { show: false },
        scales: { x: { time: false }, y: { range: (plot) => rangeOf(plot.data) } },
        axes: [
          { ...axis, incrs: [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000], size: 28 },
          { ...axis, size: 48 },
        ],
        series: [
          {},
          { stroke: colour("--accent"), width: 1.5, points: { show: false }, spanGaps: true },
          {
            stroke: colour("--accent-2"),
            width: 1.5,
            spanGaps: true,
            points: { show: true, size: 5, fill: colour("--accent-2") },
          },
        ],
      },
      [[], [], []],
      root,
    );
    new ResizeObserver(() => {
      if (root.clientWidth > 0) this.#plot.setSize({ width: root.clientWidth, height: HEIGHT });
    }).observe(root);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#plot.redraw());
  }

  /** Begins anew. */
  clear(): void {
    [this.#epochs, this.#training, this.#validation] = [[], [], []];
    this.#draw();
  }

  /** Adds what was measured at a moment, counted in epochs; either may be missing. */
  add(epoch: number, training: number | null, validation: number | null): void {
    if (this.#epochs.length >= MOST) this.#thin();
    this.#epochs.push(epoch);
    this.#training.push(training);
    this.#validation.push(validation);
    this.#draw();
  }

  /** Says in words what the curves show. */
  describe(text: string): void {
    this.#root.ariaLabel = text;
  }

  /** Every other point of training goes; those of validation stay. */
  #thin(): void {
    const stays = (_: unknown, i: number) => i % 2 === 0 || this.#validation[i] !== null;
    const [epochs, training] = [this.#epochs.filter(stays), this.#training.filter(stays)];
    this.#validation = this.#validation.filter(stays);
    [this.#epochs, this.#training] = [epochs, training];
  }

  #draw(): void {
    if (this.#drawing !== 0) return;
    this.#drawing = requestAnimationFrame(() => {
      this.#drawing = 0;
      this.#plot.setData([this.#epochs, this.#training, this.#validation]);
    });
  }
}

/** All but the highest few values, which are those of the first steps and would flatten all that comes after. */
function rangeOf([, ...series]: UPlot.AlignedData): [number, number] {
  const values = series.flatMap((one) => Array.from(one).filter((value) => typeof value === "number"));
  if (values.length === 0) return [0, 1];
  values.sort((a, b) => a - b);
  const [low, high] = [values[0]!, values[Math.floor(0.96 * (values.length - 1))]!];
  const margin = 0.08 * (high - low || Math.abs(high) || 1);
  return [low - margin, high + margin];
}
