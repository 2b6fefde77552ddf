/** What a data set is described by: the part of a run's configuration that says what it was trained on. */
import { z } from "zod";

/** The names that stand for a data set; everything else is a path (`./mnist` is the folder of that name). */
export const dataNames = ["digits", "mnist", "lines", "tones"] as const;

const count = z.int().min(1);

/** What `DataSpec` is, for parsing it. */
export const dataSpec = z.strictObject({
  /** A name in `dataNames`, or the path of a folder of IDX files, images or WAV files, or of a .txt file of lines. */
  name: z.string().min(1),
  /** Images only: the width and height, in pixels, that all are brought to. */
  resize: z.tuple([count, count]).optional(),
  /** Images only: 1 for gray, 3 for colour; by default gray if all of them are. */
  channels: z.union([z.literal(1), z.literal(3)]).optional(),
  /** What validates, where the data don't say: below 1 a share of the training images, else a number of them. */
  validation: z.union([z.number().gt(0).lt(1), count]).optional(),
  /** What tests, where the data don't say: below 1 a share of the images, else a number of them. */
  test: z.union([z.number().gt(0).lt(1), count]).optional(),
  /** Train on this many images only, the first, for a quick try. */
  limit: count.optional(),
  /** The seed that digits, lines and tones are drawn with, or the order in which images, sounds and text are divided. */
  seed: z.int().min(0).optional(),
});

/** A data set's description, plain data: the same description of unchanged files loads the same data set. */
export type DataSpec = z.infer<typeof dataSpec>;
