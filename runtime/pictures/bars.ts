/** Bars in falling order: what a few, or a few hundred, units, dimensions or codes have each. */
import { drawPanel, panelsToPng } from "./chart.ts";
import { PALETTE } from "./palette.ts";
import type { Picture } from "./picture.ts";

export interface BarWords {
  readonly title: string;
  /** What a bar's height is, with its unit. */
  readonly vertical: string;
  /** What a bar stands for, and many of them: `unit`, `units`. */
  readonly each: readonly [one: string, many: string];
  /** What they are in the order of. */
  readonly order: string;
  /** What the axis reaches at least, so that next to nothing looks like it; 0 where not given. */
  readonly reach?: number;
}

/** Bars that are named by their positions, from 0; more than this have no room for it. */
const MOST_NAMED = 26;

/** A panel with a bar for each value, the highest first. */
export async function sortedBars(values: ArrayLike<number>, words: BarWords): Promise<string> {
  const bars = Array.from(values, (value, position) => ({ value, position })).sort(
    (a, b) => b.value - a.value,
  );
  const { title, vertical, each, order, reach = 0 } = words;
  const isNamed = bars.length <= MOST_NAMED;
  return drawPanel(
    {
      width: 480,
      height: 254,
      marginTop: 52,
      marginRight: 8,
      marginBottom: 36,
      marginLeft: 40,
      x: {
        type: "band",
        domain: bars.map(({ position }) => position),
        label: isNamed ? each[0] : `${bars.length} ${each[1]}, in the order of ${order}`,
        labelAnchor: "center",
        labelArrow: "none",
        padding: isNamed ? 0.25 : 0.1,
        tickSize: 0,
        ...(isNamed ? {} : { ticks: [] }),
      },
      y: { grid: true, label: null, nice: true, ticks: 4, tickSize: 0, zero: true },
    },
    { title, vertical },
    (plot) => [
      plot.barY(bars, { x: "position", y: "value", fill: PALETTE[0] }),
      plot.ruleY([0], { strokeOpacity: 0.5 }),
      plot.ruleY([reach], { strokeOpacity: 0 }),
    ],
  );
}

/** Such a panel as a picture of a report. */
export async function barPicture(
  values: ArrayLike<number>,
  words: BarWords,
  picture: Pick<Picture, "name" | "title" | "caption" | "alt">,
): Promise<Picture> {
  const panel = await sortedBars(values, words);
  return { ...picture, wide: false, png: await panelsToPng([panel]), panels: [panel] };
}
