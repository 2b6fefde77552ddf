/**
 * The Open Inference Protocol's HTTP interface as an OpenAPI document, so that generic clients and validators can hold
 * the service to it. Written after the protocol's specification (github.com/kserve/open-inference-protocol,
 * `specification/protocol/inference_rest.md` and `open_inference_rest.yaml`), not after the service.
 */
import type { OpenAPIV3 } from "openapi-client-axios";

const text = { type: "string" } as const;
const list = (items: object) => ({ type: "array", items }) as OpenAPIV3.ArraySchemaObject;
const object = (properties: object, ...required: string[]) =>
  ({ type: "object", properties, required }) as OpenAPIV3.SchemaObject;

const tensorMetadata = object(
  { name: text, datatype: text, shape: list({ type: "integer" }) },
  "name",
  "datatype",
  "shape",
);
const parameters = { type: "object" } as const;
const elements = list({ anyOf: [{ type: "number" }, text, { type: "boolean" }, { type: "array" }] });
const output = object(
  { name: text, datatype: text, shape: list({ type: "integer" }), parameters, data: elements },
  "name",
  "datatype",
  "shape",
  "data",
);

/** What each endpoint answers with when it is carried out, and what all of them answer with when not. */
export const schemas = {
  server: object({ name: text, version: text, extensions: list(text) }, "name", "version", "extensions"),
  live: object({ live: { type: "boolean" } }, "live"),
  ready: object({ ready: { type: "boolean" } }, "ready"),
  model: object(
    {
      name: text,
      versions: list(text),
      platform: text,
      inputs: list(tensorMetadata),
      outputs: list(tensorMetadata),
    },
    "name",
    "platform",
    "inputs",
    "outputs",
  ),
  modelReady: object({ name: text, ready: { type: "boolean" } }, "name", "ready"),
  inference: object(
    { model_name: text, model_version: text, id: text, parameters, outputs: list(output) },
    "model_name",
    "outputs",
  ),
  error: object({ error: text }, "error"),
} as const;

const request = object(
  { id: text, parameters, inputs: list({ type: "object" }), outputs: list({ type: "object" }) },
  "inputs",
);

const operation = (operationId: string, schema: OpenAPIV3.SchemaObject): OpenAPIV3.OperationObject => {
  const answer = (description: string, schema: OpenAPIV3.SchemaObject) => ({
    description,
    content: { "application/json": { schema } },
  });
  return {
    operationId,
    responses: { 200: answer("carried out", schema), 400: answer("refused", schemas.error) },
  };
};

const inPath = (...names: string[]): OpenAPIV3.ParameterObject[] =>
  names.map((name) => ({ name, in: "path", required: true, schema: text }));

const infer = (operationId: string) => ({
  post: {
    ...operation(operationId, schemas.inference),
    requestBody: { content: { "application/json": { schema: request } } },
  },
});

export const openInference: OpenAPIV3.Document = {
  openapi: "3.0.3",
  info: { title: "Open Inference Protocol", version: "2" },
  paths: {
    "/v2": { get: operation("server", schemas.server) },
    "/v2/health/live": { get: operation("live", schemas.live) },
    "/v2/health/ready": { get: operation("ready", schemas.ready) },
    "/v2/models/{name}": { parameters: inPath("name"), get: operation("model", schemas.model) },
    "/v2/models/{name}/ready": {
      parameters: inPath("name"),
      get: operation("modelReady", schemas.modelReady),
    },
    "/v2/models/{name}/infer": { parameters: inPath("name"), ...infer("inference") },
    "/v2/models/{name}/versions/{version}": {
      parameters: inPath("name", "version"),
      get: operation("modelVersion", schemas.model),
    },
    "/v2/models/{name}/versions/{version}/ready": {
      parameters: inPath("name", "version"),
      get: operation("modelReadyVersion", schemas.modelReady),
    },
    "/v2/models/{name}/versions/{version}/infer": {
      parameters: inPath("name", "version"),
      ...infer("inferenceVersion"),
    },
  },
};
