/** A worker thread that decodes and encodes pictures: some take seconds, and what they need goes with the thread. */
import { type ImageShape, Images } from "../../../src/data/images.ts";
import { IsthmusError } from "../../../src/ir/error.ts";
import { decodeImage } from "../../data/decode.ts";
import type { Dimensions } from "../../data/dimensions.ts";
import { encodePng } from "../../pictures/raster.ts";
import { contactSheet, enlarge } from "../../pictures/sheet.ts";

/** What is wrong with a picture, or what came of it. */
export type Outcome<T> = { readonly value: T } | { readonly refused: string };

/** A task, and where its thread writes when it began, in milliseconds since 1970. */
export interface Begun<T> {
  readonly task: T;
  readonly begun: Float64Array;
}

export interface DecodeTask {
  readonly bytes: Uint8Array;
  /** What it is called in an error. */
  readonly place: string;
  readonly form: { readonly size: Dimensions; readonly channels: 1 | 3 };
}

/** The bytes `[channels, height, width]` of a picture brought to a form. */
export async function decode({ task, begun }: Begun<DecodeTask>): Promise<Outcome<Uint8Array>> {
  const { bytes, place, form } = task;
  begun[0] = Date.now();
  try {
    const planes = await decodeImage(bytes, place, form);
    if (planes.channels === form.channels) return { value: planes.data };
    const data = new Uint8Array(form.channels * planes.data.length);
    for (let c = 0; c < form.channels; c++) data.set(planes.data, c * planes.data.length);
    return { value: data };
  } catch (error) {
    if (error instanceof IsthmusError) return { refused: error.message };
    throw error;
  }
}

export interface DrawTask {
  readonly image: ImageShape;
  readonly data: Uint8Array;
  /** How many stand beside each other. */
  readonly columns: number;
}

/** A PNG: of one image as it is, of several a sheet. */
export async function draw({ task, begun }: Begun<DrawTask>): Promise<Uint8Array> {
  const { image, data, columns } = task;
  begun[0] = Date.now();
  const images = new Images(image, data);
  return encodePng(images.count === 1 ? enlarge(images, 0, 1) : await contactSheet(images, { columns }));
}
