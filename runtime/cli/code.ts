/** `isthmus encode` and `decode`: between files of images and files of codes. */
import type { Dataset, SplitName } from "../../src/data/dataset.ts";
import { fail } from "../../src/ir/error.ts";
import { readCsv, writeCsv } from "../csv.ts";
import { galleryOf } from "../figures/gallery.ts";
import { LARGEST_FILE, readBytes, writeWhole } from "../host/file.ts";
import { codeOf } from "../models.ts";
import { readNpy, writeNpy } from "../npy.ts";
import { classOf } from "./classes.ts";
import { say, showCount } from "./output.ts";
import {
  type DataFlags,
  dataFor,
  imagesOf,
  namedData,
  openDecoder,
  openEncoder,
  type RuntimeFlags,
  splitOf,
  type Taken,
} from "./source.ts";
import { asked, requireEnding } from "./usage.ts";
import { requireMedium, requireOutput, writeDecoded } from "./write.ts";

interface Flags extends RuntimeFlags {
  readonly out: string;
}

export async function encodeCommand(
  path: string,
  flags: Flags & DataFlags & { readonly split?: SplitName | "all" },
): Promise<void> {
  await requireEnding(flags.out, [".npy", ".csv"]);
  const opened = await openEncoder(path, flags);
  const { encoder } = opened;
  const data = "run" in opened ? await dataFor(opened.run, flags) : await dataForFile(opened.takes, flags);
  const split = flags.split ?? ("run" in opened && flags.data === undefined ? splitOf(opened.run) : "all");
  const { images, labels } = imagesOf(data, split);
  const code = codeOf(await encoder.encode(images));
  const [, latent = 0] = code.shape;
  const names = Array.from({ length: latent }, (_, i) => `latent_${i}`);
  await writeWhole(flags.out, flags.out.endsWith(".csv") ? writeCsv(names, code, labels) : writeNpy(code));
  say(`${flags.out}   ${showCount(images.count)} codes of ${latent} dimensions`);
}

async function dataForFile(takes: Taken, flags: DataFlags): Promise<Dataset> {
  const data = flags.data ?? (await asked(() => fail("encode", "which images? A model file needs --data")));
  return namedData({ ...flags, data }, takes);
}

export async function decodeCommand(
  path: string,
  codes: string,
  flags: Flags & { readonly label?: string },
): Promise<void> {
  await requireEnding(codes, [".npy", ".csv"]);
  await requireOutput(flags.out, [".npy"]);
  const opened = await openDecoder(path, flags);
  const { decoder, medium } = opened;
  await requireMedium(flags.out, medium);
  const label = await asked(() => {
    if (decoder.isConditional && flags.label === undefined)
      fail("decode", "the model is told a class: which? --label NAME");
    return classOf(opened, flags.label);
  });
  const latent = codes.endsWith(".csv")
    ? readCsv(await asked(async () => new TextDecoder().decode(await readBytes(codes, LARGEST_FILE))), codes)
    : readNpy(await asked(() => readBytes(codes, LARGEST_FILE)), codes);
  const [rows = 0, dimensions] = latent.shape;
  if (latent.shape.length !== 2 || dimensions !== decoder.latent) {
    fail(codes, `holds [${latent.shape}]; the decoder takes [rows, ${decoder.latent}]`);
  }
  if (rows === 0) fail(codes, "holds no codes");
  const decoded = await decoder.decode(latent, label === null ? null : new Int32Array(rows).fill(label));
  await writeDecoded(flags.out, decoded, medium, (images) =>
    galleryOf(medium, images.shape[3]!).sampled(images),
  );
}
