/** What is sent for images that a model made: a picture, numbers or text, as the client accepts. */
import accepts from "accepts";
import type { FastifyReply, FastifyRequest } from "fastify";
import { linesOf } from "../../../src/data/text.ts";
import { ServiceError } from "../error.ts";
import type { ServedModel } from "../model.ts";
import type { Call, Made } from "./endpoints.ts";
import { factsFor, imageFormOf } from "./facts.ts";
import { fromModel, nested } from "./pixels.ts";
import type { MadeAnswer } from "./schemas.ts";

const PNG = "image/png";
const JSON_TYPE = "application/json";
const TEXT = "text/plain";

/** What answers may be for models of each medium, the first where a client accepts all. */
const types = { image: [PNG, JSON_TYPE], text: [JSON_TYPE, TEXT], sound: [JSON_TYPE] } as const;
type AnswerType = (typeof types)[keyof typeof types][number];

/** The type that a client likes best of those that a decoder's images may be sent as. Throws a 406. */
export function typeFor(request: FastifyRequest, decoder: ServedModel): AnswerType {
  const possible = types[factsFor(decoder).medium.kind];
  const type = accepts(request.raw).type([...possible]);
  if (type !== false) return type as AnswerType;
  throw new ServiceError(406, `the answer may be ${possible.join(" or ")}, and nothing of it is accepted`);
}

/** Sends what a model made. */
export async function sendMade(
  reply: FastifyReply,
  type: AnswerType,
  { images, decoder, columns, latent }: Made,
  { pictures, signal }: Call,
): Promise<FastifyReply> {
  const { medium } = factsFor(decoder);
  reply.header("vary", "accept").type(type);
  if (type === PNG)
    return reply.send(await pictures.draw(fromModel(images, imageFormOf(decoder)), columns, signal));
  const lines =
    medium.kind === "text" ? linesOf(images, medium.alphabet).map((line) => line.trimEnd()) : undefined;
  if (type === TEXT) return reply.send(lines!.map((line) => `${line}\n`).join(""));
  return reply.send({
    pixels: nested(images) as MadeAnswer["pixels"],
    latent: nested(latent) as MadeAnswer["latent"],
    ...(lines && { lines }),
  } satisfies MadeAnswer);
}
