/** The pictures made of lines of text: reconstructions, samples, interpolations. */
import { panelsToPng } from "./chart.ts";
import { escapeHtml } from "./html.ts";
import { PALETTE } from "./palette.ts";
import type { Picture } from "./picture.ts";
import { CHART_FONT, FIXED_FONT } from "./svg.ts";

/** Every character has a cell of this size, in pixels, so that lines can be compared place by place. */
const CELL = 9;
const ROW = 23;
const TEXT = 15;
const HEADING = 26;
const GAP = 36;
const WRONG = "#ff725c";
const CHANGED = PALETTE[0];

/** One line of a sheet, and the colour behind those of its places that are to be seen. */
interface Line {
  readonly text: string;
  readonly marked: (place: number) => boolean;
  readonly color: string;
  /** Whether it stands back behind the lines around it. */
  readonly isFaint?: boolean;
}

/** Lines beside what the model makes of them, with the characters that differ marked; both in the same order. */
export async function lineReconstructions(
  originals: readonly string[],
  reconstructed: readonly string[],
): Promise<Picture> {
  const pairs = originals.map((line, i) => ({ original: [...line], reconstruction: [...reconstructed[i]!] }));
  const isWrong = ({ original, reconstruction }: (typeof pairs)[number], place: number) =>
    (original[place] ?? " ") !== (reconstruction[place] ?? " ");
  const wrong = pairs.map((pair) => pair.original.filter((_, place) => isWrong(pair, place)).length);
  const characters = pairs.reduce((sum, { original }) => sum + original.length, 0);
  const right = 100 * (1 - wrong.reduce((sum, count) => sum + count, 0) / characters);
  const whole = wrong.filter((count) => count === 0).length;
  const columns = [
    { heading: "original", lines: originals.map(plain) },
    {
      heading: "reconstruction",
      lines: pairs.map((pair, i) => ({
        text: reconstructed[i]!,
        marked: (place: number) => isWrong(pair, place),
        color: WRONG,
      })),
    },
  ];
  return linePicture(columns, {
    name: "reconstructions",
    title: "Reconstructions",
    caption: `Lines the model was not trained on, and what is left of them after they went through the latent code. Of the characters shown, ${right.toFixed(1)} % are right; ${whole} of ${originals.length} lines are whole.`,
    alt: `${originals.length} test lines beside their reconstructions, in which the wrong characters are marked`,
    wide: true,
  });
}

/** What the decoder makes of draws from the prior, in two columns. */
export async function lineSamples(lines: readonly string[]): Promise<Picture> {
  const half = Math.ceil(lines.length / 2);
  const columns = [lines.slice(0, half), lines.slice(half)].map((part) => ({ lines: part.map(plain) }));
  return linePicture(columns, {
    name: "samples",
    title: "Samples",
    caption:
      "Decoded draws from the prior: lines the model made up. The closer they come to sentences, the better the latent codes of real lines fill the prior.",
    alt: `${lines.length} lines of text decoded from random latent codes`,
    wide: true,
  });
}

/** Columns of `steps` lines each, every column going down from one line to another. */
export async function lineInterpolations(lines: readonly string[], steps: number): Promise<Picture> {
  const walks = Array.from({ length: Math.floor(lines.length / steps) }, (_, walk) =>
    lines.slice(walk * steps, (walk + 1) * steps),
  );
  const columns = walks.map((walk) => ({
    lines: walk.map((text, step) => {
      const before = [...(walk[step - 1] ?? text)];
      const now = [...text];
      return {
        text,
        marked: (place: number) => (now[place] ?? " ") !== (before[place] ?? " "),
        color: CHANGED,
        isFaint: step > 0 && step < steps - 1,
      };
    }),
  }));
  return linePicture(columns, {
    name: "interpolations",
    title: "Interpolations",
    caption:
      "Each column walks in a straight line from the latent code of one test line to that of another; every step along the way is decoded, and what it changed is marked.",
    alt: `${walks.length} columns of ${steps} lines of text, each changing step by step from one line into another`,
    wide: true,
  });
}

function plain(text: string): Line {
  return { text, marked: () => false, color: WRONG };
}

type Words = Pick<Picture, "name" | "title" | "caption" | "alt" | "wide">;

interface Column {
  readonly heading?: string;
  readonly lines: readonly Line[];
}

async function linePicture(columns: readonly Column[], words: Words): Promise<Picture> {
  const length = Math.max(...columns.flatMap(({ lines }) => lines.map(({ text }) => [...text].length)));
  const rows = Math.max(...columns.map(({ lines }) => lines.length));
  const top = columns.some(({ heading }) => heading !== undefined) ? HEADING : 0;
  const width = columns.length * (length * CELL + GAP) - GAP;
  const height = top + rows * ROW;
  const drawn = columns.map((column, i) => {
    const heading = column.heading === undefined ? "" : headingText(column.heading);
    const lines = column.lines.map(
      (line, row) => `<g transform="translate(0 ${top + row * ROW})">${lineText(line)}</g>`,
    );
    return `<g transform="translate(${i * (length * CELL + GAP)} 0)">${heading}${lines.join("")}</g>`;
  });
  const panel =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"` +
    ` font-family="${FIXED_FONT}" font-size="${TEXT}" fill="currentColor">${drawn.join("")}</svg>`;
  return { ...words, png: await panelsToPng([panel]), panels: [panel] };
}

function headingText(text: string): string {
  return `<text y="13" font-family="${CHART_FONT}" font-size="12" fill-opacity="0.6">${escapeHtml(text)}</text>`;
}

/** Each character in the middle of its cell, on its mark where it has one. */
function lineText({ text, marked, color, isFaint = false }: Line): string {
  const marks: string[] = [];
  const letters: string[] = [];
  for (const [place, character] of [...text].entries()) {
    const x = place * CELL;
    if (marked(place))
      marks.push(
        `<rect x="${x}" y="2" width="${CELL}" height="${ROW - 4}" rx="2" fill="${color}" fill-opacity="0.35"/>`,
      );
    if (character.trim() !== "")
      letters.push(`<text x="${x + CELL / 2}" y="16" text-anchor="middle">${escapeHtml(character)}</text>`);
  }
  return `${marks.join("")}<g fill-opacity="${isFaint ? 0.7 : 1}">${letters.join("")}</g>`;
}
