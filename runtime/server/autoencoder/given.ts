/** The images or codes that a request brings, as its models take them. */
import { Images } from "../../../src/data/images.ts";
import { imagesOfLines } from "../../../src/data/text.ts";
import { IsthmusError } from "../../../src/ir/error.ts";
import { refuse, ServiceError } from "../error.ts";
import type { ServedModel } from "../model.ts";
import { PictureBody } from "./body.ts";
import type { Call } from "./endpoints.ts";
import { factsFor, type ImageForm, imageFormOf } from "./facts.ts";
import type { Label } from "./label.ts";
import { type Floats, mostImages, readCodes, readPixels, toModel } from "./pixels.ts";
import { codesBody, type EndsBody, type GivenBody, imagesBody, read } from "./schemas.ts";

/** Images `[count, channels, height, width]` or codes `[count, latent]`, and the classes that go with them. */
export interface Given {
  readonly rows: Floats;
  readonly count: number;
  readonly label: Label;
}

/** The images of a request, in the form of a model. Throws a `ServiceError` where they are wrong or too many. */
export async function givenImages(call: Call, model: ServedModel, label: Label): Promise<Given> {
  if (call.body instanceof PictureBody) return picturesGiven(call, call.body, model, label);
  return imagesIn(call, read(imagesBody, call.body, "body"), model, label);
}

/** The codes of a request. */
export function givenCodes(call: Call, decoder: ServedModel, label: Label): Given {
  requireJson(call.body, "codes");
  return codesIn(call, read(codesBody, call.body, "body"), decoder, label);
}

/** The two ends of an interpolation: codes, or images with the encoder that they are for. */
export async function givenEnds(
  call: Call,
  { latent, pixels, lines, label: told }: EndsBody,
  decoder: ServedModel,
  label: Label,
): Promise<{ readonly given: Given; readonly encoder: ServedModel | null }> {
  if (latent !== undefined && (pixels ?? lines) !== undefined)
    refuse("the body has both images and codes: which are the ends?");
  const encoder = latent === undefined ? call.run.model("encoder") : null;
  const given = await (encoder === null
    ? codesIn(call, { latent: latent!, label: told }, decoder, label)
    : call.body instanceof PictureBody
      ? picturesGiven(call, call.body, encoder, label)
      : imagesIn(call, { pixels, lines, label: told }, encoder, label));
  if (given.count !== 2) refuse(`two images or codes were expected, got ${given.count}`);
  return { given, encoder };
}

async function picturesGiven(
  call: Call,
  { pictures, label }: PictureBody,
  model: ServedModel,
  queried: Label,
): Promise<Given> {
  const form = imageFormOf(model);
  const count = pictures.length;
  if (count === 0) refuse("the body holds no image");
  requireCount(call, form, count);
  const data = await call.pictures.decode(pictures, form, call.signal);
  return { rows: toModel(new Images(form, data), form), count, label: one(queried, label) };
}

function imagesIn(call: Call, body: GivenBody, model: ServedModel, queried: Label): Given {
  const form = imageFormOf(model);
  const { pixels, lines } = body;
  const label = one(queried, body.label);
  if ((pixels === undefined) === (lines === undefined)) refuse("the body has to have either pixels or lines");
  const rows = pixels === undefined ? linesIn(lines!, model, form) : readPixels(pixels, form);
  const count = rows.shape[0]!;
  requireCount(call, form, count);
  return { rows, count, label };
}

function linesIn(lines: readonly string[], model: ServedModel, form: ImageForm): Floats {
  const { medium } = factsFor(model);
  if (medium.kind !== "text") return refuse("lines: the model is not of text");
  try {
    return toModel(imagesOfLines(lines, medium.alphabet, form.width), form);
  } catch (error) {
    if (error instanceof IsthmusError) refuse(error.message);
    throw error;
  }
}

function codesIn(
  call: Call,
  { latent, label }: { readonly latent: readonly unknown[]; readonly label?: Label },
  decoder: ServedModel,
  queried: Label,
): Given {
  const rows = readCodes(latent, latentOf(decoder));
  const count = rows.shape[0]!;
  requireCount(call, imageFormOf(decoder), count);
  return { rows, count, label: one(queried, label) };
}

/** The number of elements of a code. Throws a 400 where the model does not say. */
export function latentOf({ name, inputs }: ServedModel): number {
  const size = inputs.find(({ name }) => name === "latent")?.shape[1];
  return typeof size === "number" ? size : refuse(`${name} takes no codes of one known length`);
}

/** Throws a 413 where there are more images or codes than are taken, or made, at once. */
export function requireCount({ maxImages }: Call, form: ImageForm, count: number): void {
  const most = mostImages(form, maxImages);
  if (count > most) throw new ServiceError(413, `${count} images are more than the ${most} of one request`);
}

function requireJson(body: unknown, what: string): void {
  if (body instanceof PictureBody)
    throw new ServiceError(415, `${what} are sent as JSON: Content-Type: application/json`);
}

/** Classes are said in one place. */
function one(queried: Label, label: Label): Label {
  if (queried !== undefined && label !== undefined) refuse("label: it is in the query and in the body");
  return queried ?? label;
}
