/** A data set from a folder of WAV files. */
import type { Dataset, Split } from "../../src/data/dataset.ts";
import { Images } from "../../src/data/images.ts";
import { fail } from "../../src/ir/error.ts";
import { readBytes } from "../host/file.ts";
import { sealed } from "./fingerprint.ts";
import { type DataFile, findFiles, soundFiles } from "./layout.ts";
import { classNames, type Division, labelsOf, type Part, partsOf } from "./parts.ts";
import { type Clip, readWav } from "./wav.ts";

export interface SoundFolderOptions extends Division {
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The most samples of a clip that are taken. */
const LONGEST = 16_384;
const FILE_LIMIT = 64 * 2 ** 20;
const MEMORY_LIMIT = 2 ** 32 - 1;
const SILENCE = 128;

/**
 * Reads a folder of WAV files as clips `[count, 1, 1, samples]`, divided and labelled as a folder of images is. All
 * are brought to the length of the longest, with silence at the end; what a clip has beyond 16,384 samples is cut off.
 *
 * Throws, naming the file, where one is damaged, or has another rate than the rest.
 */
export async function loadSoundFolder(folder: string, options: SoundFolderOptions = {}): Promise<Dataset> {
  const parts = partsOf(await findFiles(folder, soundFiles), folder, "clips", options);
  const files = parts.flatMap(({ items }) => items);
  const clips = await readAll(files, options);
  const longest = clips.reduce((length, { samples }) => Math.max(length, samples.length), 0);
  if (files.length * longest > MEMORY_LIMIT)
    fail(
      folder,
      `${files.length} clips of ${longest} samples take more than the 4 GiB that are held: --limit N`,
    );
  const classes = classNames(parts);
  const split = (part: Part<DataFile>): Split => ({
    images: assemble(clips.splice(0, part.items.length), longest),
    labels: labelsOf(part, classes),
    origin: part.origin,
  });
  const { rate } = clips[0]!;
  const [train, validation, test] = parts;
  return sealed(
    folder,
    { train: split(train), validation: split(validation), test: split(test), classes },
    { kind: "sound", rate },
  );
}

async function readAll(files: readonly DataFile[], options: SoundFolderOptions): Promise<Clip[]> {
  const clips: Clip[] = [];
  for (const { path } of files) {
    const { samples, rate } = readWav(await readBytes(path, FILE_LIMIT, options.signal), path);
    const first = clips[0]?.rate ?? rate;
    if (rate !== first) fail(path, `has ${rate} samples a second, and ${files[0]!.path} has ${first}`);
    clips.push({ samples: samples.slice(0, LONGEST), rate });
    options.onProgress?.(clips.length, files.length);
  }
  return clips;
}

function assemble(clips: readonly Clip[], longest: number): Images {
  const data = new Uint8Array(clips.length * longest).fill(SILENCE);
  for (const [i, { samples }] of clips.entries()) data.set(samples, i * longest);
  return new Images({ channels: 1, height: 1, width: longest }, data);
}
