/** `isthmus encode` and `decode`: between files of images and files of codes. */
import type { SplitName } from "../../src/data/dataset.ts";
import { fail } from "../../src/ir/error.ts";
import { readCsv, writeCsv } from "../csv.ts";
import { galleryOf } from "../figures/gallery.ts";
import { readBytes, writeWhole } from "../host/file.ts";
import { codeOf } from "../models.ts";
import { readNpy, writeNpy } from "../npy.ts";
import { classOf } from "./classes.ts";
import { say, showCount } from "./output.ts";
import {
  type DataFlags,
  imagesOf,
  namedData,
  openDecoder,
  openEncoder,
  openRun,
  type RuntimeFlags,
  requireShape,
  splitOf,
} from "./source.ts";
import { asked, requireEnding } from "./usage.ts";
import { requireMedium, requireOutput, writeDecoded } from "./write.ts";

/** Codes of more than this many bytes are no table that a command should read. */
const LARGEST = 2 ** 31;

interface Flags extends RuntimeFlags {
  readonly out: string;
}

export async function encodeCommand(
  path: string,
  flags: Flags & DataFlags & { readonly split?: SplitName | "all" },
): Promise<void> {
  await requireEnding(flags.out, [".npy", ".csv"]);
  const encoder = await openEncoder(path, flags);
  const data =
    flags.data === undefined ? await dataOfRun(path) : await namedData({ ...flags, data: flags.data });
  const [, channels, height, width] = encoder.imageShape.map(Number) as [number, number, number, number];
  requireShape(data.image, { channels, height, width });
  const split = flags.split ?? (flags.data === undefined ? splitOf(await openRun(path)) : "all");
  const { images, labels } = imagesOf(data, split);
  const code = codeOf(await encoder.encode(images));
  const [, latent = 0] = code.shape;
  const names = Array.from({ length: latent }, (_, i) => `latent_${i}`);
  await writeWhole(flags.out, flags.out.endsWith(".csv") ? writeCsv(names, code, labels) : writeNpy(code));
  say(`${flags.out}   ${showCount(images.count)} codes of ${latent} dimensions`);
}

function dataOfRun(path: string) {
  return path.endsWith(".onnx")
    ? asked(() => fail("encode", "which images? A model file needs --data"))
    : openRun(path).then((run) => run.data());
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
    ? readCsv(await asked(async () => new TextDecoder().decode(await readBytes(codes, LARGEST))), codes)
    : readNpy(await asked(() => readBytes(codes, LARGEST)), codes);
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
