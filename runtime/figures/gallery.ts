/** How images of a medium are shown: pictures on sheets, lines of text as lines, clips of sound as waveforms. */
import type { Medium } from "../../src/data/dataset.ts";
import { Images } from "../../src/data/images.ts";
import { linesOf } from "../../src/data/text.ts";
import type { Floats } from "../models.ts";
import { interpolations, reconstructions, samples } from "../pictures/grids.ts";
import { lineInterpolations, lineReconstructions, lineSamples } from "../pictures/lines.ts";
import type { Picture } from "../pictures/picture.ts";
import { waveforms, waveInterpolations, waveSamples } from "../pictures/waveforms.ts";

/** How many of each a picture shows well, and the pictures; decoded images are float32, as the decoder gives them. */
export interface Gallery {
  readonly pairs: number;
  readonly samples: number;
  readonly walks: { readonly count: number; readonly steps: number };
  readonly reconstructed: (originals: Images, decoded: Floats) => Promise<Picture>;
  readonly sampled: (decoded: Floats) => Promise<Picture>;
  /** `steps` images a walk, one walk after the other. */
  readonly walked: (decoded: Floats, steps: number) => Promise<Picture>;
}

const pictures: Gallery = {
  pairs: 40,
  samples: 100,
  walks: { count: 8, steps: 12 },
  reconstructed: (originals, decoded) => reconstructions(originals, Images.fromTensor(decoded)),
  sampled: (decoded) => samples(Images.fromTensor(decoded)),
  walked: (decoded, steps) => interpolations(Images.fromTensor(decoded), steps),
};

/** Walks of text stand beside each other, so that long lines leave room for fewer. */
const SIDE_BY_SIDE = 100;

/** What shows images of a medium; `width` is that of an image: the length of a line. */
export function galleryOf(medium: Medium, width: number): Gallery {
  if (medium.kind === "image") return pictures;
  if (medium.kind === "text") {
    const { alphabet } = medium;
    const lines = (decoded: Floats) => linesOf(decoded, alphabet);
    const walks = Math.min(4, Math.max(1, Math.floor(SIDE_BY_SIDE / (width + 4))));
    return {
      pairs: 20,
      samples: 40,
      walks: { count: walks, steps: 9 },
      reconstructed: (originals, decoded) =>
        lineReconstructions(
          linesOf(originals, alphabet).map((line) => line.trimEnd()),
          lines(decoded),
        ),
      sampled: (decoded) => lineSamples(lines(decoded)),
      walked: (decoded, steps) => lineInterpolations(lines(decoded), steps),
    };
  }
  const { rate } = medium;
  return {
    pairs: 8,
    samples: 16,
    walks: { count: 6, steps: 5 },
    reconstructed: (originals, decoded) => waveforms(originals, Images.fromTensor(decoded), rate),
    sampled: (decoded) => waveSamples(Images.fromTensor(decoded), rate),
    walked: (decoded, steps) => waveInterpolations(Images.fromTensor(decoded), steps, rate),
  };
}

/** What an image is called, and several of them. */
export function nounOf({ kind }: Medium): "image" | "line" | "clip" {
  return kind === "image" ? "image" : kind === "text" ? "line" : "clip";
}
