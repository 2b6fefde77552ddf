/** What the OpenAPI document says of the Open Inference Protocol and of operation; the protocol's own reader checks. */
import { z } from "zod";
import { datatypes } from "../protocol/datatypes.ts";
import type { JsonSchema, RouteFacts } from "./schema.ts";

const JSON_TYPE = "application/json";
const BYTES = "application/octet-stream";

const parameters = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional();
const datatype = z.enum(Object.values(datatypes) as [string, ...string[]]);
const shape = z.array(z.int());
const tensorMetadata = z.strictObject({ name: z.string(), datatype, shape });

/** Bodies and answers of the protocol, by what they are. */
export const protocolSchemas = {
  server: z.strictObject({ name: z.string(), version: z.string(), extensions: z.array(z.string()) }),
  live: z.strictObject({ live: z.boolean() }),
  ready: z.strictObject({ ready: z.boolean() }),
  modelReady: z.strictObject({ name: z.string(), ready: z.boolean() }),
  model: z.strictObject({
    name: z.string(),
    versions: z.array(z.string()),
    platform: z.string(),
    inputs: z.array(tensorMetadata),
    outputs: z.array(tensorMetadata),
  }),
  request: z.object({
    id: z.string().optional(),
    parameters,
    inputs: z.array(
      z.object({
        name: z.string(),
        datatype,
        shape,
        parameters,
        data: z.array(z.unknown()).optional().meta({
          description: "Row-major, flat or nested; left out where parameters.binary_data_size is given.",
        }),
      }),
    ),
    outputs: z.array(z.object({ name: z.string(), parameters })).optional(),
  }),
  response: z.object({
    model_name: z.string(),
    model_version: z.string(),
    id: z.string().optional(),
    outputs: z.array(
      z.object({ name: z.string(), datatype, shape, parameters, data: z.array(z.unknown()).optional() }),
    ),
  }),
  statistics: z.object({ model_stats: z.array(z.object({ name: z.string(), version: z.string() }).loose()) }),
  index: z.array(z.object({ name: z.string(), version: z.string(), state: z.string(), reason: z.string() })),
};

const json = (description: string, schema: z.ZodType | JsonSchema) => ({
  200: { description, content: { [JSON_TYPE]: schema } },
});
const { server, live, ready, modelReady, model, request, response, statistics, index } = protocolSchemas;
const asked = { tags: ["protocol"], errors: [404, 503] };

const models: Readonly<Record<string, RouteFacts>> = {
  "GET ": {
    ...asked,
    operationId: "modelMetadata",
    summary: "Inputs and outputs of a model",
    answers: json("The model", model),
  },
  "GET /ready": {
    ...asked,
    operationId: "modelReady",
    summary: "Whether a model is loaded",
    answers: json("It is", modelReady),
  },
  "GET /stats": {
    ...asked,
    operationId: "modelStatistics",
    summary: "What a model was asked for so far",
    answers: json("Counts and times", statistics),
  },
  "POST /infer": {
    ...asked,
    operationId: "modelInfer",
    summary: "Run a model",
    description:
      "Tensors as JSON, or as bytes behind the JSON with Inference-Header-Content-Length (Triton's binary tensor data extension).",
    body: { [JSON_TYPE]: request, [BYTES]: null },
    answers: { 200: { description: "The outputs", content: { [JSON_TYPE]: response, [BYTES]: null } } },
    errors: [400, 403, 404, 408, 413, 415, 500, 503, 504],
  },
};

const probe = { tags: ["protocol"], errors: [], isOpen: true };
const change = { tags: ["protocol"], errors: [400, 403, 404], answers: { 200: { description: "Done" } } };

const facts: Readonly<Record<string, RouteFacts>> = {
  "GET /v2": {
    ...asked,
    errors: [],
    operationId: "serverMetadata",
    summary: "The server",
    answers: json("The server", server),
  },
  "GET /v2/health/live": {
    ...probe,
    operationId: "serverLive",
    summary: "Whether the server answers",
    answers: json("It does", live),
  },
  "GET /v2/health/ready": {
    ...probe,
    operationId: "serverReady",
    summary: "Whether every model is loaded",
    answers: {
      ...json("All are", ready),
      503: { description: "One is not, or the server is ending", content: { [JSON_TYPE]: ready } },
    },
  },
  "GET /v2/models/stats": {
    ...models["GET /stats"]!,
    operationId: "statistics",
    summary: "What all models were asked for so far",
  },
  "POST /v2/repository/index": {
    ...change,
    operationId: "repositoryIndex",
    summary: "All models, loaded or not",
    body: { [JSON_TYPE]: z.object({ ready: z.boolean().optional() }) },
    answers: json("The models", index),
    errors: [400, 403],
  },
  "POST /v2/repository/models/:name/load": {
    ...change,
    operationId: "repositoryLoad",
    summary: "Load a model, or load it anew",
  },
  "POST /v2/repository/models/:name/unload": {
    ...change,
    operationId: "repositoryUnload",
    summary: "Unload a model",
  },
  "GET /metrics": {
    tags: ["operation"],
    operationId: "metrics",
    summary: "Metrics for Prometheus",
    answers: {
      200: { description: "Prometheus text format", content: { "text/plain": { type: "string" } } },
    },
    errors: [],
  },
};

/** What is said of a route, such as `GET /v2/models/:name`; undefined where it is not of the protocol. */
export function protocolFacts(route: string): RouteFacts | undefined {
  const [, method, version, rest] =
    /^(\w+) \/v2\/models\/:name(\/versions\/:version)?(\/\w+)?$/.exec(route) ?? [];
  if (method === undefined) return facts[route];
  const found = models[`${method} ${rest ?? ""}`];
  if (found === undefined || version === undefined) return found;
  return {
    ...found,
    operationId: `${found.operationId}OfVersion`,
    summary: `${found.summary}, of a version`,
  };
}
