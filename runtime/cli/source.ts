/** What the commands after a training work on: a run or a model file, and images that fit it. */
import { readFile, stat } from "node:fs/promises";
import { factsOf, feedsOf, modelDescription } from "../../graphs/families.ts";
import { type Dataset, type SplitName, splitNames } from "../../src/data/dataset.ts";
import { type ImageShape, Images, pixelsOf } from "../../src/data/images.ts";
import { fail } from "../../src/ir/error.ts";
import { aboutModel } from "../about.ts";
import { loadDataset, requireDataset } from "../data/dataset.ts";
import type { DataSpec } from "../data/spec.ts";
import { chooseDevice, type DeviceChoice } from "../device.ts";
import { unreadable } from "../host/file.ts";
import type { HostOptions } from "../host/host.ts";
import { nodeHost } from "../host/node.ts";
import { Decoder, Encoder } from "../models.ts";
import { Run } from "../run.ts";
import type { OpenDecoder } from "./classes.ts";
import { say } from "./output.ts";
import { asked } from "./usage.ts";

export interface DataFlags {
  readonly data?: string;
  readonly resize?: [number, number];
  readonly channels?: 1 | 3;
}

export interface RuntimeFlags {
  readonly device: DeviceChoice;
  readonly threads?: number;
}

/** Images with their labels' names, if they have any. */
export interface Labelled {
  readonly images: Images;
  readonly labels: readonly string[] | null;
}

export function openRun(path: string): Promise<Run> {
  return asked(async () => {
    if ((await kindOf(path)) !== "folder") fail(path, "is a file; a run directory was expected");
    return Run.open(path, nodeHost);
  });
}

async function kindOf(path: string): Promise<"folder" | "file"> {
  const entry = await stat(path).catch((error) => unreadable(path, error));
  return entry.isDirectory() ? "folder" : "file";
}

/** Where the options say that models run. Throws where the device does not work. */
export async function chosen({ device, threads }: RuntimeFlags): Promise<HostOptions> {
  const found = await asked(() => chooseDevice(nodeHost, device));
  if (device === "auto" && found !== "cpu") say(`device: ${found}`);
  return { device: found, threads };
}

/** The encoder of a run, or the one in a file. */
export async function openEncoder(path: string, flags: RuntimeFlags): Promise<Encoder> {
  if ((await asked(() => kindOf(path))) === "folder")
    return (await openRun(path)).encoder(await chosen(flags));
  return Encoder.open(await readFile(path), path, nodeHost, await chosen(flags));
}

/** The decoder of a run, or the one in a file, with what is known of it. */
export async function openDecoder(path: string, flags: RuntimeFlags): Promise<OpenDecoder> {
  if ((await asked(() => kindOf(path))) === "folder") {
    const run = await openRun(path);
    const { medium, classes } = run.config.data;
    return {
      decoder: await run.decoder(await chosen(flags)),
      medium,
      classes,
      facts: factsOf(run.config.model),
    };
  }
  const file = await readFile(path);
  const decoder = await Decoder.open(file, path, nodeHost, await chosen(flags));
  return { decoder, ...aboutFile(file, path) };
}

/** What is known of the decoder in a file; of a file from elsewhere, nothing. */
function aboutFile(file: Uint8Array, path: string): Omit<OpenDecoder, "decoder"> {
  const { medium, classes, model } = aboutModel(file, path);
  const described = modelDescription.safeParse(model);
  return { medium, classes, facts: described.success ? factsOf(described.data) : null };
}

/** The split of the data that commands show: test, but of a memory the training images, as it knows no others. */
export function splitOf({ config }: Run): "train" | "test" {
  return factsOf(config.model).isMemory ? "train" : "test";
}

/** The data that the options name. */
export async function namedData({
  data,
  resize,
  channels,
}: DataFlags & { readonly data: string }): Promise<Dataset> {
  const spec: DataSpec = { name: data, ...(resize && { resize }), ...(channels && { channels }) };
  await asked(() => requireDataset(data));
  return loadDataset(spec);
}

/** The data that the options name, or else those that the run was trained on; of the shape that the run takes. */
export async function dataFor(run: Run, flags: DataFlags): Promise<Dataset> {
  if (flags.data === undefined) return run.data();
  const data = await namedData({ ...flags, data: flags.data });
  const [given, taken] = [data.medium, run.config.data.medium];
  if (given.kind !== taken.kind)
    fail("data", `these are ${given.kind}, and the run was trained on ${taken.kind}`);
  if (given.kind === "text" && taken.kind === "text" && given.alphabet !== taken.alphabet)
    fail("data", `the lines are of the alphabet "${given.alphabet}", the run's of "${taken.alphabet}"`);
  requireShape(data.image, run.config.model.image);
  const asksForLabels = feedsOf(run.config.model, 2).some(({ source }) => source === "label");
  if (asksForLabels && JSON.stringify(data.classes) !== JSON.stringify(run.config.data.classes))
    fail("data", "the model asks for labels, and these have other classes than it was trained on");
  return data;
}

/** Throws where images are not of the shape that a model takes, and says how they could be. */
export function requireShape(given: ImageShape, taken: ImageShape): void {
  const show = ({ channels, height, width }: ImageShape) => `${channels}×${height}×${width}`;
  if (show(given) === show(taken)) return;
  fail(
    "data",
    `the images are ${show(given)}, the model takes ${show(taken)}; a folder of images is brought to it by --resize ${taken.width}x${taken.height} --channels ${taken.channels}`,
  );
}

/** One split of the data, or all of them one after the other. */
export function imagesOf(data: Dataset, split: SplitName | "all"): Labelled {
  const splits = (split === "all" ? splitNames : [split]).map((name) => data[name]);
  const bytes = new Uint8Array(splits.reduce((length, { images }) => length + images.data.length, 0));
  let at = 0;
  for (const { images } of splits) {
    bytes.set(images.data, at);
    at += images.data.length;
  }
  const numbers = splits.flatMap(({ labels }) => (labels === null ? [] : [...labels]));
  const labels =
    data.classes === null ? null : numbers.map((label) => data.classes?.[label] ?? String(label));
  const numbered = numbers.length * pixelsOf(data.image) === bytes.length ? Uint8Array.from(numbers) : null;
  return { images: new Images(data.image, bytes, numbered), labels };
}
