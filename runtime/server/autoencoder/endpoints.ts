/** What an autoencoder is for, one function an endpoint: from a request that was read to what is answered. */
import { IsthmusError } from "../../../src/ir/error.ts";
import { type Tensors, tensor } from "../../../src/ir/tensor.ts";
import { codeOf, priorCodes, interpolate as straightLine } from "../../models.ts";
import { refuse } from "../error.ts";
import type { ServedModel } from "../model.ts";
import { PictureBody } from "./body.ts";
import { hasPrior, imageFormOf } from "./facts.ts";
import { type Given, givenCodes, givenEnds, givenImages, latentOf, requireCount } from "./given.ts";
import { labelFeeds } from "./label.ts";
import type { Pictures } from "./pictures.ts";
import { type Floats, nested } from "./pixels.ts";
import type { ServedRun } from "./run.ts";
import { endsBody, interpolateQuery, labelled, read, sampleBody, sampleQuery } from "./schemas.ts";

/** A request. */
export interface Call {
  readonly run: ServedRun;
  readonly query: unknown;
  readonly body: unknown;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
  readonly pictures: Pictures;
  readonly maxImages: number;
}

/** Images that a decoder made: an answer is a picture of them, or their numbers and what else there is. */
export interface Made {
  readonly images: Floats;
  readonly decoder: ServedModel;
  /** How many stand beside each other on a sheet. */
  readonly columns: number;
  /** The codes that they were made of. */
  readonly latent: Floats;
}

/** As many stand beside each other where nothing else says. */
const COLUMNS = 10;
/** Images on the way from one to another. */
const STEPS = 8;

/** What the encoder says of images, by the names of its outputs. */
export async function encode(call: Call): Promise<Readonly<Record<string, unknown>>> {
  const { label } = read(labelled, call.query, "query");
  const encoder = call.run.model("encoder");
  const given = await givenImages(call, encoder, label);
  const told = labelFeeds([encoder], given.label, given.count);
  const encoded = await encoder.infer({ image: given.rows, ...told(encoder) }, call);
  return Object.fromEntries(Object.entries(encoded).map(([name, values]) => [name, nested(values)]));
}

/** The images of codes. */
export async function decode(call: Call): Promise<Made> {
  const { label } = read(labelled, call.query, "query");
  const decoder = call.run.model("decoder");
  const given = givenCodes(call, decoder, label);
  const told = labelFeeds([decoder], given.label, given.count);
  return made(call, decoder, given.rows, told(decoder));
}

/** What comes back of images that go through the code. */
export async function reconstruct(call: Call): Promise<Made> {
  const { label } = read(labelled, call.query, "query");
  const [encoder, decoder] = [call.run.model("encoder"), call.run.model("decoder")];
  const given = await givenImages(call, encoder, label);
  const told = labelFeeds([encoder, decoder], given.label, given.count);
  const code = await codesFor(call, encoder, given, told(encoder));
  return made(call, decoder, code, told(decoder));
}

/** Images of codes drawn from the prior. */
export async function sample(call: Call): Promise<Made> {
  const isQueried = Object.keys(call.query as object).length > 0;
  if (call.body != null && isQueried) refuse("settings are in the query and in the body: one is enough");
  const { count, seed, label } =
    call.body == null ? read(sampleQuery, call.query, "query") : read(sampleBody, call.body, "body");
  const decoder = call.run.model("decoder");
  if (!hasPrior(decoder))
    refuse("the model has no prior to draw codes from: /reconstruct shows what it does");
  requireCount(call, imageFormOf(decoder), count);
  const told = labelFeeds([decoder], label, count);
  return made(call, decoder, priorCodes(count, latentOf(decoder), seed), told(decoder));
}

/** Images of codes on the straight line from one to another. */
export async function interpolate(call: Call): Promise<Made> {
  const { label, steps: queried } = read(interpolateQuery, call.query, "query");
  const body = call.body instanceof PictureBody ? {} : read(endsBody, call.body, "body");
  const steps = body.steps ?? queried ?? STEPS;
  const decoder = call.run.model("decoder");
  const { given, encoder } = await givenEnds(call, body, decoder, label);
  requireCount(call, imageFormOf(decoder), steps);
  const models = encoder === null ? [decoder] : [encoder, decoder];
  const ends = labelFeeds(models, given.label, 2);
  const told = encoder === null ? {} : ends(encoder);
  const codes = encoder === null ? given.rows : await codesFor(call, encoder, given, told);
  const { label: classes } = ends(decoder);
  if (classes !== undefined && classes.data[0] !== classes.data[1])
    refuse("label: both ends are of one class, which the images between them are of, too");
  const way = labelFeeds([decoder], classes && Number(classes.data[0]), steps);
  const [from, to] = [0, 1].map((end) => rowOf(codes, end)) as [Floats, Floats];
  return { ...(await made(call, decoder, straightLine(from, to, steps), way(decoder))), columns: steps };
}

async function codesFor(call: Call, encoder: ServedModel, { rows }: Given, told: Tensors): Promise<Floats> {
  const encoded = await encoder.infer({ image: rows, ...told }, call);
  try {
    return codeOf(encoded as Readonly<Record<string, Floats>>);
  } catch (error) {
    if (error instanceof IsthmusError) refuse(error.message);
    throw error;
  }
}

async function made(call: Call, decoder: ServedModel, latent: Floats, told: Tensors): Promise<Made> {
  const { image } = await decoder.infer({ latent, ...told }, call);
  const images = (image as Floats | undefined) ?? refuse(`${decoder.name} returns no image`);
  return { images, decoder, columns: Math.min(COLUMNS, images.shape[0]!), latent };
}

function rowOf({ shape: [, latent = 0], data }: Floats, row: number): Floats {
  return tensor("float32", [1, latent], data.subarray(row * latent, (row + 1) * latent));
}
