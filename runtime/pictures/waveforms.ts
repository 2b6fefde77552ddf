/** The pictures made of sound: stretches of clips as curves, the reconstruction under its original, or samples alone. */
import type { Images } from "../../src/data/images.ts";
import { pitchOf } from "../../src/data/pitch.ts";
import { drawPanel, panelsToPng } from "./chart.ts";
import { PALETTE } from "./palette.ts";
import type { Picture } from "./picture.ts";

const COLUMNS = 4;
/** How much of a clip is drawn, from its beginning: waves would run into each other in more. */
const STRETCH = 320;
const ORIGINAL = PALETTE[0];
const RECONSTRUCTION = "#ff725c";
const WIDTH = 940;
const ROW = 92;

/**
 * Clips `[count, 1, 1, samples]` above what the model makes of them, both at `rate` samples a second and in the same
 * order, four beside each other; each with its pitch, where it has one.
 */
export async function waveforms(originals: Images, reconstructed: Images, rate: number): Promise<Picture> {
  const rows: Row[] = [];
  for (let first = 0; first < originals.count; first += COLUMNS)
    rows.push(
      { clips: originals.slice(first, first + COLUMNS), color: ORIGINAL },
      { clips: reconstructed.slice(first, first + COLUMNS), color: RECONSTRUCTION },
    );
  return wavePicture("Clips and their reconstructions", rows, rate, {
    series: [
      ["original", ORIGINAL],
      ["reconstruction", RECONSTRUCTION],
    ],
    words: {
      name: "reconstructions",
      title: "Reconstructions",
      caption: `Clips the model was not trained on, and under each what is left of it after it went through the latent code: the first ${stretch(originals, rate)} ms, with the pitch of the whole clip.`,
      alt: `The waveforms of ${originals.count} test clips, each above the waveform of its reconstruction`,
      wide: true,
    },
  });
}

/** What the decoder makes of draws from the prior: clips at `rate` samples a second, with their pitches. */
export async function waveSamples(clips: Images, rate: number): Promise<Picture> {
  const rows: Row[] = [];
  for (let first = 0; first < clips.count; first += COLUMNS)
    rows.push({ clips: clips.slice(first, first + COLUMNS), color: ORIGINAL });
  return wavePicture("Samples", rows, rate, {
    words: {
      name: "samples",
      title: "Samples",
      caption: `Decoded draws from the prior: clips the model made up. Of each the first ${stretch(clips, rate)} ms, with the pitch of the whole clip.`,
      alt: `The waveforms of ${clips.count} clips decoded from random latent codes`,
      wide: true,
    },
  });
}

/** Rows of `steps` clips each, at `rate` samples a second, every row going from one clip to another. */
export async function waveInterpolations(clips: Images, steps: number, rate: number): Promise<Picture> {
  const rows: Row[] = [];
  for (let first = 0; first < clips.count; first += steps)
    rows.push({ clips: clips.slice(first, first + steps), color: ORIGINAL });
  return wavePicture("Interpolations", rows, rate, {
    words: {
      name: "interpolations",
      title: "Interpolations",
      caption: `Each row walks in a straight line from the latent code of one test clip to that of another; every step along the way is decoded. Of each the first ${stretch(clips, rate)} ms, with the pitch of the whole clip.`,
      alt: `${rows.length} rows of ${steps} waveforms, each changing step by step from one clip into another`,
      wide: true,
    },
  });
}

interface Row {
  readonly clips: Images;
  readonly color: string;
}

interface Point {
  readonly time: number;
  readonly value: number;
  readonly row: number;
  readonly column: number;
}

function stretch({ image }: Images, rate: number): number {
  return Math.round((1000 * Math.min(STRETCH, image.width)) / rate);
}

async function wavePicture(
  title: string,
  rows: readonly Row[],
  rate: number,
  {
    series = [],
    words,
  }: {
    readonly series?: readonly (readonly [name: string, color: string])[];
    readonly words: Pick<Picture, "name" | "title" | "caption" | "alt" | "wide">;
  },
): Promise<Picture> {
  const points = rows.map(({ clips }, row) => pointsOf(clips, row, rate));
  const pitches = rows.flatMap(({ clips, color }, row) => pitchLabels(clips, row, rate, color));
  const marginTop = 52;
  const marginBottom = 36;
  const panel = await drawPanel(
    {
      width: WIDTH,
      height: marginTop + rows.length * ROW + marginBottom,
      marginTop,
      marginBottom,
      marginLeft: 12,
      marginRight: 12,
      fx: { axis: null, padding: 0.06 },
      fy: { axis: null, padding: 0.1 },
      x: { label: "milliseconds", labelAnchor: "center", labelArrow: "none", ticks: 4, tickSize: 4 },
      y: { axis: null, domain: [-1, 1.3] },
    },
    { title, vertical: "amplitude, pitch", series },
    (plot) => [
      plot.ruleY([0], { strokeOpacity: 0.15 }),
      ...points.map((part, row) =>
        plot.line(part, {
          x: "time",
          y: "value",
          fx: "column",
          fy: "row",
          stroke: rows[row]!.color,
          strokeWidth: 1.3,
        }),
      ),
      plot.text(pitches, {
        fx: "column",
        fy: "row",
        text: "label",
        frameAnchor: "top-right",
        fill: "color",
        fontWeight: 700,
      }),
    ],
  );
  return { ...words, png: await panelsToPng([panel]), panels: [panel] };
}

function pointsOf({ count, image, data }: Images, row: number, rate: number): Point[] {
  const length = Math.min(STRETCH, image.width);
  return Array.from({ length: count * length }, (_, i) => {
    const column = Math.floor(i / length);
    const at = i % length;
    const value = (data[column * image.width + at]! - 128) / 128;
    return { time: (1000 * at) / rate, value, row, column };
  });
}

function pitchLabels({ count, image, data }: Images, row: number, rate: number, color: string) {
  return Array.from({ length: count }, (_, column) => {
    const pitch = pitchOf(data.subarray(column * image.width, (column + 1) * image.width), rate);
    return { row, column, color, label: pitch === null ? "no pitch" : `${pitch.toFixed(0)} Hz` };
  });
}
