/** What the OpenAPI document says of the endpoints of an autoencoder, from the schemas that check their requests. */
import type { z } from "zod";
import {
  anomalyAnswer,
  anomalyQuery,
  codesBody,
  encodeAnswer,
  endsBody,
  imagesBody,
  interpolateQuery,
  labelled,
  madeAnswer,
  runAnswer,
  sampleBody,
  sampleQuery,
} from "../autoencoder/schemas.ts";
import type { JsonSchema, RouteFacts } from "./schema.ts";

const JSON_TYPE = "application/json";

/** Pictures in a form, and the class of all or of each. */
const form: JsonSchema = {
  type: "object",
  properties: {
    image: { type: "array", items: { type: "string", format: "binary" }, description: "PNG or JPEG files." },
    label: { type: "array", items: { type: "string" } },
  },
};

/** Images as they may be sent: those in JSON as a schema says. */
const images = (json: z.ZodType) => ({
  "image/png": null,
  "image/jpeg": null,
  "multipart/form-data": form,
  [JSON_TYPE]: json,
});

const made = {
  200: {
    description: "One image as a PNG, several as a sheet; or their numbers, as Accept says",
    content: { "image/png": null, [JSON_TYPE]: madeAnswer, "text/plain": { type: "string" } },
  },
};

const errors = [400, 403, 404, 408, 413, 415, 500, 503, 504];
const tags = ["autoencoder"];

/** By the last part of the path. */
const facts = {
  encode: {
    summary: "Images to codes",
    querystring: labelled,
    body: images(imagesBody),
    answers: { 200: { description: "The codes", content: { [JSON_TYPE]: encodeAnswer } } },
    errors,
  },
  decode: {
    summary: "Codes to images",
    querystring: labelled,
    body: { [JSON_TYPE]: codesBody },
    answers: made,
    errors: [...errors, 406],
  },
  reconstruct: {
    summary: "Images through the code and back",
    querystring: labelled,
    body: images(imagesBody),
    answers: made,
    errors: [...errors, 406],
  },
  sample: {
    summary: "Images of codes drawn from the prior",
    description: "Settings are in the query, or in a JSON body.",
    querystring: sampleQuery,
    body: { [JSON_TYPE]: sampleBody },
    answers: made,
    errors: [...errors, 406],
  },
  interpolate: {
    summary: "Images between two images or two codes",
    querystring: interpolateQuery,
    body: images(endsBody),
    answers: made,
    errors: [...errors, 406],
  },
  anomaly: {
    summary: "How unusual images are beside those that the model was trained on",
    querystring: anomalyQuery,
    body: images(imagesBody),
    answers: { 200: { description: "The scores", content: { [JSON_TYPE]: anomalyAnswer } } },
    errors,
  },
} as const satisfies Readonly<Record<string, Omit<RouteFacts, "operationId" | "tags">>>;

export type Endpoint = keyof typeof facts;

/** What is said of an endpoint: of the only run, or of one that the path names. */
export function endpointFacts(endpoint: Endpoint, method: "GET" | "POST", isNamed: boolean): RouteFacts {
  const { summary, ...rest }: Omit<RouteFacts, "operationId" | "tags"> = facts[endpoint];
  const { body, querystring, ...others } = rest;
  // Settings are said once: what may be sent without a body is described so.
  const isEither = endpoint === "sample";
  return {
    ...others,
    ...(!(isEither && method === "POST") && { querystring }),
    ...(!(isEither && method === "GET") && { body }),
    tags,
    operationId: `${endpoint}${isNamed ? "Run" : ""}${method === "GET" ? "Get" : ""}`,
    summary: isNamed ? `${summary}, by a run` : summary,
  };
}

/** What is said of `/runs` and `/runs/:run`. */
export const runsFacts: { readonly all: RouteFacts; readonly one: RouteFacts } = {
  all: {
    tags,
    operationId: "runs",
    summary: "The runs that are served",
    answers: { 200: { description: "All of them", content: { [JSON_TYPE]: runAnswer.array() } } },
    errors: [],
  },
  one: {
    tags,
    operationId: "run",
    summary: "What there is to know of a run",
    answers: { 200: { description: "The run", content: { [JSON_TYPE]: runAnswer } } },
    errors: [404],
  },
};
