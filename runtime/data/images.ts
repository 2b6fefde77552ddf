/** A data set of decoded images. */
import type { Dataset, Split } from "../../src/data/dataset.ts";
import type { ImageForm } from "./decode.ts";
import { sealed } from "./fingerprint.ts";
import type { DataFile, Layout } from "./layout.ts";
import { classNames, type Division, labelsOf, type Part, partsOf } from "./parts.ts";
import { assemble, type Planes } from "./planes.ts";

export interface ImageOptions extends ImageForm, Division {
  /** What the data set is called; where its files were found, where nobody says. */
  readonly name?: string | undefined;
}

/**
 * A data set of the images that were found in a `place`, once `decode` has made planes of one size of them: in the
 * splits that they came in, or else in an order drawn with the seed, the last tenth of it for test and what comes
 * before (a tenth, at most 2,000) for validation. They are gray where all of them are, unless told otherwise.
 */
export async function loadImages(
  place: string,
  found: Layout,
  decode: (files: readonly DataFile[]) => Promise<Planes[]>,
  options: ImageOptions = {},
): Promise<Dataset> {
  const parts = partsOf(found, place, "images", options);
  const planes = await decode(parts.flatMap(({ items }) => items));
  const channels = options.channels ?? (planes.every((image) => image.channels === 1) ? 1 : 3);
  const classes = classNames(parts);
  const split = (part: Part<DataFile>): Split => ({
    images: assemble(planes.splice(0, part.items.length), channels),
    labels: labelsOf(part, classes),
    origin: part.origin,
  });
  const [train, validation, test] = parts;
  return sealed(options.name ?? place, {
    train: split(train),
    validation: split(validation),
    test: split(test),
    classes,
  });
}
