/** SVG to pixels, with fonts of our own: a bare container has none. */
import { createRequire } from "node:module";
import type { ResvgRenderOptions } from "@resvg/resvg-js";
import { escapeHtml } from "./html.ts";
import type { Raster, Rgb } from "./raster.ts";

/** The family in charts: what the reader's system has where it is embedded in HTML, Lato in a PNG. */
export const CHART_FONT = "system-ui, sans-serif";

/** The families in which all characters are as wide. DM Mono, that of a PNG, comes first: resvg looks no further. */
export const FIXED_FONT = "DM Mono, ui-monospace, monospace";

const require = createRequire(import.meta.url);
const FONT_FILES = [
  "lato/400Regular/Lato_400Regular.ttf",
  "lato/700Bold/Lato_700Bold.ttf",
  "dm-mono/400Regular/DMMono_400Regular.ttf",
];

/** Draws an SVG document to a PNG file, `zoom` times its size. */
export async function svgToPng(svg: string, zoom: number): Promise<Uint8Array> {
  return (await render(svg, { fitTo: { mode: "zoom", value: zoom } })).asPng();
}

/** One line of text, with a margin of a pixel around it. */
export async function textRaster(
  text: string,
  style: { readonly size: number; readonly color: string; readonly background: Rgb },
): Promise<Raster> {
  const { Resvg } = await import("@resvg/resvg-js");
  const draw = (width: number) =>
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${Math.ceil(style.size * 1.5)}">` +
    `<text x="1" y="${style.size * 1.1}" font-size="${style.size}" font-family="${CHART_FONT}"` +
    ` fill="${style.color}">${escapeHtml(text)}</text></svg>`;
  const ink = new Resvg(draw(1), { font: fonts() }).getBBox();
  const width = ink === undefined ? 1 : Math.ceil(ink.x + ink.width) + 1;
  const drawn = await render(draw(width), { background: `rgb(${style.background.join(",")})` });
  return { width: drawn.width, height: drawn.height, data: drawn.pixels };
}

async function render(svg: string, options: ResvgRenderOptions) {
  const { Resvg } = await import("@resvg/resvg-js");
  return new Resvg(svg, { ...options, font: fonts() }).render();
}

function fonts(): NonNullable<ResvgRenderOptions["font"]> {
  return {
    loadSystemFonts: false,
    fontFiles: FONT_FILES.map((file) => require.resolve(`@expo-google-fonts/${file}`)),
    defaultFontFamily: "Lato",
    sansSerifFamily: "Lato",
  };
}
