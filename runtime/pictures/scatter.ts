/** Where the test images lie in the latent space, one dot an image. */
import type { Markish } from "@observablehq/plot";
import { drawPanel, type Plot, panelsToPng } from "./chart.ts";
import { PALETTE } from "./palette.ts";
import type { Picture } from "./picture.ts";
import { principalPlane } from "./plane.ts";

export interface LatentCodes {
  /** `[count, dimensions]`: the posterior means, or a plain autoencoder's codes; a few thousand are enough. */
  readonly codes: Float32Array;
  readonly count: number;
  readonly dimensions: number;
  /** One class number a code, an index into `classes`; null where the data has no labels. */
  readonly labels: ArrayLike<number> | null;
  readonly classes: readonly string[] | null;
  /** Whether the model is told the classes; false where not given. */
  readonly isTold?: boolean;
  /** What was encoded: `images` where not given. */
  readonly noun?: string;
}

const SIZE = 360;
const MARGINS = { marginTop: 52, marginBottom: 40, marginLeft: 40 };
const LEGEND_LINE = 17;
const LEGEND_WIDTH = 104;
const UNTOLD =
  "Colours are the classes, which the model never saw: where they form islands, the code found them by itself.";
const TOLD =
  "Colours are the classes, which both halves are told: the code need not say them again, and where it does not, they mix.";

/** Both latents where there are two of them; the two directions in which the codes spread most where there are more. */
export async function latentScatter(input: LatentCodes): Promise<Picture> {
  const { points, axes, view } = project(input);
  const { isTold = false, noun = "images" } = input;
  const classes = input.labels === null ? null : input.classes;
  const colors = colorsOf(classes?.length ?? 1);
  const [x, y] = squareDomains(points, input.count);
  const marginRight = classes === null ? 12 : LEGEND_WIDTH;
  const panel = await drawPanel(
    {
      ...MARGINS,
      marginRight,
      width: MARGINS.marginLeft + SIZE + marginRight,
      height: MARGINS.marginTop + SIZE + MARGINS.marginBottom,
      x: {
        domain: x,
        label: axes[0],
        labelAnchor: "center",
        labelArrow: "none",
        grid: true,
        ticks: 7,
        tickSize: 0,
      },
      y: { domain: y, label: null, grid: true, ticks: 7, tickSize: 0 },
    },
    { title: `Latent codes of test ${noun}`, vertical: axes[1] },
    (plot) => [
      plot.dot(
        { length: input.count },
        {
          x: (_, i: number) => points[2 * i]!,
          y: (_, i: number) => points[2 * i + 1]!,
          r: input.count > 3000 ? 1.3 : 1.8,
          ...(classes === null
            ? { fill: PALETTE[0], fillOpacity: 0.35 }
            : { fill: (_, i: number) => colors[input.labels![i]!], fillOpacity: 0.8 }),
        },
      ),
      ...(classes === null ? [] : legendMarks(plot, classes, colors)),
    ],
  );
  return {
    name: "latent-scatter",
    title: "Latent space",
    caption: `${view}${classes === null ? "" : ` ${isTold ? TOLD : UNTOLD}`}`,
    alt: `A scatter plot of the latent codes of ${input.count} test ${noun}${classes === null ? "" : `, coloured by ${classes.length} classes`}`,
    wide: false,
    png: await panelsToPng([panel]),
    panels: [panel],
  };
}

interface Projection {
  /** `[count, 2]` */
  readonly points: Float32Array;
  readonly axes: readonly [horizontal: string, vertical: string];
  /** What the plane is, in a sentence. */
  readonly view: string;
}

function project({ codes, count, dimensions, noun = "images" }: LatentCodes): Projection {
  if (dimensions === 2)
    return {
      points: codes,
      axes: ["first latent", "second latent"],
      view: `The latent codes of the test ${noun} are points of the plane.`,
    };
  const { points, share } = principalPlane(codes, count, dimensions);
  const percent = share.map((part) => `${Math.round(100 * part)} %`);
  return {
    points,
    axes: [
      `first principal component (${percent[0]} of the variance)`,
      `second principal component (${percent[1]})`,
    ],
    view: `The ${dimensions} latent dimensions seen along the two directions in which the codes of the test ${noun} spread most, ${Math.round(100 * (share[0] + share[1]))} % of their variance.`,
  };
}

type Domain = [low: number, high: number];

/** Domains of equal length on both axes that hold all points, with a little room around. */
function squareDomains(points: Float32Array, count: number): [x: Domain, y: Domain] {
  const low = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const high = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < 2 * count; i++) {
    low[i % 2] = Math.min(low[i % 2]!, points[i]!);
    high[i % 2] = Math.max(high[i % 2]!, points[i]!);
  }
  const reach = 0.52 * Math.max(high[0]! - low[0]!, high[1]! - low[1]!) || 1;
  const around = (axis: number): Domain => {
    const middle = (low[axis]! + high[axis]!) / 2;
    return [middle - reach, middle + reach];
  };
  return [around(0), around(1)];
}

/** One colour a class: the palette's, or hues a golden angle apart where it has too few. */
function colorsOf(count: number): readonly string[] {
  if (count <= PALETTE.length) return PALETTE;
  return Array.from({ length: count }, (_, i) => {
    const lightness = i % 2 === 0 ? 46 : 64;
    return `hsl(${Math.round(137.5 * i) % 360},65%,${lightness}%)`;
  });
}

/** The classes' names under one another to the right of the frame; those that do not fit end in a count of them. */
function legendMarks(plot: Plot, classes: readonly string[], colors: readonly string[]): Markish[] {
  const lines = Math.floor(SIZE / LEGEND_LINE);
  const named = classes.length <= lines ? classes.length : lines - 1;
  const at = (line: number) =>
    ({ frameAnchor: "top-right", lineAnchor: "middle", dy: 6 + line * LEGEND_LINE }) as const;
  const entries = classes
    .slice(0, named)
    .flatMap((name, i) => [
      plot.dot([name], { ...at(i), symbol: "square", r: 5, fill: colors[i]!, dx: 20 }),
      plot.text([name], { ...at(i), textAnchor: "start", dx: 31, lineWidth: 7, textOverflow: "ellipsis" }),
    ]);
  if (named === classes.length) return entries;
  const rest = `and ${classes.length - named} more`;
  return [...entries, plot.text([rest], { ...at(named), textAnchor: "start", dx: 16 })];
}
