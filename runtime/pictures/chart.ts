/** Charts: Observable Plot drawing into a document of linkedom's, as SVG for the report and as PNG for the folder. */
import type { Markish, PlotOptions } from "@observablehq/plot";
import { CHART_FONT, svgToPng } from "./svg.ts";

export type Plot = typeof import("@observablehq/plot");

/** Text and axes of a PNG; embedded in HTML a chart takes the colour of the text around it. */
const INK = "#272c33";
const PAPER = "#ffffff";
const PADDING = 16;
const PANEL_GAP = 28;
const ZOOM = 2;

/** What a panel says above its frame. */
export interface PanelWords {
  readonly title: string;
  /** What is counted on the vertical axis, with its unit. */
  readonly vertical: string;
  /** Coloured names, from the left, at the right end of the title's line. */
  readonly series?: readonly (readonly [name: string, color: string])[];
}

/**
 * Draws one panel: `options` as Plot takes them (`width`, `height` and the four margins given), and its words.
 * Coordinates are cut to a hundredth of a pixel.
 */
export async function drawPanel(
  options: PlotOptions & { readonly marginLeft: number },
  words: PanelWords,
  marks: (plot: Plot) => readonly Markish[],
): Promise<string> {
  const [plot, { parseHTML }] = await Promise.all([import("@observablehq/plot"), import("linkedom")]);
  const { document } = parseHTML("<html></html>");
  const drawn = plot.plot({
    ...options,
    document,
    style: { fontFamily: CHART_FONT, fontSize: "11px" },
    marks: [...headingMarks(plot, options.marginLeft, words), ...marks(plot)],
  });
  return drawn.outerHTML
    .replace("<svg ", `<svg xmlns="http://www.w3.org/2000/svg" `)
    .replace(/<style>.*?<\/style>/s, "") // its rules are for a page that shows nothing but this
    .replace(/<[^>]+>/g, (tag) => tag.replace(/(\d\.\d\d)\d+/g, "$1"));
}

/** Panels side by side on white, as one PNG. */
export async function panelsToPng(panels: readonly string[]): Promise<Uint8Array> {
  let left = PADDING;
  let height = 0;
  const placed = panels.map((panel) => {
    const x = left;
    left += sizeOf(panel, "width") + PANEL_GAP;
    height = Math.max(height, sizeOf(panel, "height"));
    return panel.replace("<svg ", `<svg x="${x}" y="${PADDING}" `);
  });
  const width = left - PANEL_GAP + PADDING;
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height + 2 * PADDING}" color="${INK}">` +
    `<rect width="100%" height="100%" fill="${PAPER}"/>${placed.join("")}</svg>`;
  return svgToPng(svg, ZOOM);
}

function sizeOf(svg: string, side: "width" | "height"): number {
  return Number(new RegExp(` ${side}="([\\d.]+)"`).exec(svg)?.[1]);
}

/** Title and unit at the top left; the series' names at the top right, each after a dot of its colour. */
function headingMarks(
  plot: Plot,
  marginLeft: number,
  { title, vertical, series = [] }: PanelWords,
): Markish[] {
  const left = {
    frameAnchor: "top-left",
    textAnchor: "start",
    lineAnchor: "bottom",
    facet: "super", // once, however many facets there are
    dx: -marginLeft,
  } as const;
  let start = 0;
  const names = series.toReversed().flatMap(([name, color]) => {
    start -= 5.4 * name.length;
    const at = {
      frameAnchor: "top-right",
      textAnchor: "start",
      lineAnchor: "middle",
      facet: "super",
      dy: -36,
    } as const;
    const entry = [
      plot.text([name], { ...at, dx: start }),
      plot.dot([name], { ...at, symbol: "square", r: 4, fill: color, dx: start - 9 }),
    ];
    start -= 26;
    return entry;
  });
  return [
    plot.text([title], { ...left, dy: -29, fontSize: 14, fontWeight: 700 }),
    plot.text([vertical], { ...left, dy: -13, fillOpacity: 0.65 }),
    ...names,
  ];
}
