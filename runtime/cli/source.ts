/** What the commands after a training work on: a run or a model file, and images that fit it. */
import { readFile, stat } from "node:fs/promises";
import { parse } from "../../graphs/config.ts";
import { factsOf, feedsOf, modelDescription } from "../../graphs/families.ts";
import { type Dataset, type Medium, type SplitName, splitNames } from "../../src/data/dataset.ts";
import { type ImageShape, Images, pixelsOf } from "../../src/data/images.ts";
import { fail } from "../../src/ir/error.ts";
import { aboutModel } from "../about.ts";
import { loadDataset, requireDataset } from "../data/dataset.ts";
import { dataSpec } from "../data/spec.ts";
import { chooseDevice, type DeviceChoice } from "../device.ts";
import { unreadable } from "../host/file.ts";
import type { HostOptions } from "../host/host.ts";
import { nodeHost } from "../host/node.ts";
import { Decoder, Encoder } from "../models.ts";
import { Run } from "../run.ts";
import type { OpenDecoder } from "./classes.ts";
import { say } from "./output.ts";
import { asked, UsageError } from "./usage.ts";

export interface DataFlags {
  readonly data?: string;
  readonly resize?: [number, number];
  readonly channels?: 1 | 3;
}

export interface RuntimeFlags {
  readonly device: DeviceChoice;
  readonly threads?: number;
}

/** What data a model takes. Of a file from elsewhere not all is known: what is null fits any. */
export interface Taken {
  readonly image: ImageShape;
  readonly medium: Medium | null;
  /** The names of the classes that it is told. */
  readonly classes: readonly string[] | null;
}

/** An encoder, of a run or of a file that takes such data. */
export type OpenEncoder = { readonly encoder: Encoder } & ({ readonly run: Run } | { readonly takes: Taken });

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

/** Throws where there is no file of that path. */
export function requireFile(path: string): Promise<void> {
  return asked(async () => {
    if ((await kindOf(path)) === "folder") fail(path, "is a folder, not a file");
  });
}

/** The encoder of a run, or the one in a file, with what it takes. */
export async function openEncoder(path: string, flags: RuntimeFlags): Promise<OpenEncoder> {
  if ((await asked(() => kindOf(path))) === "folder") {
    const run = await openRun(path);
    return { run, encoder: await run.encoder(await chosen(flags)) };
  }
  const file = await readFile(path);
  const encoder = await Encoder.open(file, path, nodeHost, await chosen(flags));
  const [, channels, height, width] = encoder.imageShape.map(Number) as [number, number, number, number];
  const { model, medium, classes } = aboutModel(file, path);
  return {
    encoder,
    takes: {
      image: { channels, height, width },
      medium: model === undefined ? null : medium,
      classes: encoder.isConditional ? classes : null,
    },
  };
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

/**
 * The data that the options name. Throws where they are not such as a model takes.
 * @param source what else is said of them: how they are limited and divided
 */
export async function namedData(
  { data: name, resize, channels }: DataFlags & { readonly data: string },
  takes: Taken,
  source: object = {},
): Promise<Dataset> {
  const given = { ...source, name, ...(resize && { resize }), ...(channels !== undefined && { channels }) };
  const spec = await asked(() => parse(dataSpec, given, "data"));
  await asked(() => requireDataset(name));
  const data = await loadDataset(spec);
  requireTaken(data, takes);
  return data;
}

/** The data that the options name, or else those that the run was trained on; such as the run takes. */
export async function dataFor(run: Run, flags: DataFlags, source?: object): Promise<Dataset> {
  if (flags.data === undefined) {
    const stray = (["resize", "channels"] as const).find((name) => flags[name] !== undefined);
    if (stray !== undefined) throw new UsageError(`--${stray}: is said of what --data names`);
    return run.data();
  }
  const { model, data } = run.config;
  const asksForLabels = feedsOf(model, 2).some(({ source }) => source === "label");
  const takes = { image: model.image, medium: data.medium, classes: asksForLabels ? data.classes : null };
  return namedData({ ...flags, data: flags.data }, takes, source);
}

/** Throws where data are not such as a model takes; of images of another shape it says how they could be. */
function requireTaken({ image, medium, classes }: Dataset, takes: Taken): void {
  const { medium: taken } = takes;
  if (taken !== null && medium.kind !== taken.kind)
    fail("data", `these are ${medium.kind}, and the model was trained on ${taken.kind}`);
  if (medium.kind === "text" && taken?.kind === "text" && medium.alphabet !== taken.alphabet)
    fail("data", `the lines are of the alphabet "${medium.alphabet}", the model's of "${taken.alphabet}"`);
  const show = ({ channels, height, width }: ImageShape) => `${channels}×${height}×${width}`;
  const { channels, height, width } = takes.image;
  if (show(image) !== show(takes.image))
    fail(
      "data",
      `the images are ${show(image)}, the model takes ${show(takes.image)}; a folder of images is brought to it by --resize ${width}x${height} --channels ${channels}`,
    );
  if (takes.classes !== null && JSON.stringify(classes) !== JSON.stringify(takes.classes))
    fail("data", "the model asks for labels, and these have other classes than it was trained on");
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
