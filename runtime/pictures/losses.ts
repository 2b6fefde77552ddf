/** The loss curves: what each epoch left of the loss and of its two terms. */
import { drawPanel, panelsToPng } from "./chart.ts";
import { PALETTE } from "./palette.ts";
import type { Picture } from "./picture.ts";

/** Means over images, in nats per image. */
export interface Losses {
  readonly loss: number;
  readonly reconstruction: number;
  /** Null where the model has no such term. */
  readonly kl: number | null;
}

export interface EpochLosses {
  /** Counted from 1. */
  readonly epoch: number;
  readonly train: Losses;
  /** Null where nothing was kept aside for validation. */
  readonly validation: Losses | null;
}

const TRAIN = "#ff725c";
const VALIDATION = PALETTE[0];
const DOTS_UP_TO = 30;
/** Characters of a panel's title that leave room for the names of the series. */
const LONGEST_TITLE = 23;

/** What the curves' panels are called. */
export interface LossWords {
  /** What losses are counted in, for each image: `nats per image`. */
  readonly measure: string;
  /** What the term `kl` is. */
  readonly penalty: string;
}

/** One panel a term, as their scales differ; one in all for a model whose loss is its reconstruction. */
export async function lossCurves(
  epochs: readonly EpochLosses[],
  { measure, penalty }: LossWords = { measure: "nats per image", penalty: "KL divergence" },
): Promise<Picture> {
  const hasKl = epochs.some(({ train }) => train.kl !== null);
  const width = hasKl ? 330 : 480;
  const [unit = ""] = measure.split(" per ");
  const isShort = penalty.length <= LONGEST_TITLE;
  const title = isShort ? `${penalty.slice(0, 1).toUpperCase()}${penalty.slice(1)}` : "Penalty";
  const panels = await Promise.all([
    termPanel("Loss", "loss", epochs, width, measure),
    ...(hasKl
      ? [
          termPanel("Reconstruction", "reconstruction", epochs, width, measure),
          termPanel(title, "kl", epochs, width, isShort ? measure.replace("squared error ", "") : penalty),
        ]
      : []),
  ]);
  return {
    name: "losses",
    title: "Losses",
    caption: `${hasKl ? "The loss and the two terms it is made of, each on its own scale. " : ""}${progress(epochs, unit)}`,
    alt: `Curves of the loss${hasKl ? `, the reconstruction and the ${penalty}` : ""} over ${epochs.length} epochs`,
    wide: hasKl,
    png: await panelsToPng(panels),
    panels,
  };
}

function termPanel(
  title: string,
  term: keyof Losses,
  epochs: readonly EpochLosses[],
  width: number,
  vertical: string,
): Promise<string> {
  const first = epochs[0]?.epoch ?? 1;
  const last = epochs.at(-1)?.epoch ?? 1;
  const validated = epochs.filter(({ validation }) => validation !== null);
  const series: [name: string, color: string, points: [epoch: number, value: number | null][]][] = [
    ["train", TRAIN, epochs.map(({ epoch, train }) => [epoch, train[term]])],
    ["validation", VALIDATION, validated.map(({ epoch, validation }) => [epoch, validation?.[term] ?? null])],
  ];
  const drawn = series.filter(([, , points]) => points.length > 0);
  return drawPanel(
    {
      width,
      height: 254,
      marginTop: 52,
      marginRight: 12,
      marginBottom: 36,
      marginLeft: 44,
      x: {
        label: "epoch",
        labelAnchor: "center",
        labelArrow: "none",
        domain: first === last ? [first - 0.5, last + 0.5] : [first, last],
        ticks: wholeTicks(first, last),
        tickFormat: "d",
        tickSize: 4,
      },
      // Two dots alone would make a mountain of their difference.
      y: { grid: true, label: null, nice: true, zero: first === last, ticks: 5, tickSize: 0 },
    },
    { title, vertical, series: drawn.map(([name, color]) => [name, color]) },
    (plot) =>
      drawn.flatMap(([, stroke, points]) => [
        plot.line(points, { stroke, strokeWidth: 2 }),
        ...(epochs.length <= DOTS_UP_TO ? [plot.dot(points, { fill: stroke, r: 2.6 })] : []),
      ]),
  );
}

/** At most seven round whole numbers from `first` to `last`. */
function wholeTicks(first: number, last: number): number[] {
  const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500];
  const step = steps.find((candidate) => (last - first) / candidate < 7) ?? 1000;
  const start = Math.ceil(first / step);
  return Array.from({ length: Math.floor(last / step) - start + 1 }, (_, i) => (start + i) * step);
}

/** Where the curve came from and how far down it got. */
function progress(epochs: readonly EpochLosses[], unit: string): string {
  const curve = epochs.map(({ epoch, train, validation }) => ({ epoch, loss: (validation ?? train).loss }));
  const which = epochs[0]?.validation ? "Validation" : "Training";
  const first = curve[0];
  if (first === undefined) return "";
  const best = curve.reduce((low, at) => (at.loss < low.loss ? at : low));
  if (best === first)
    return `${which} loss was lowest after epoch ${first.epoch}, at ${first.loss.toFixed(1)} ${unit}.`;
  return `${which} loss fell from ${first.loss.toFixed(1)} ${unit} after epoch ${first.epoch} to ${best.loss.toFixed(1)} after epoch ${best.epoch}, its lowest.`;
}
