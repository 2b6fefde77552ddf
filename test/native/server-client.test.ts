/** A generic client that the project did not write, told of the protocol by its description, and a validator of answers. */
import { join } from "node:path";
import { Ajv, type AnySchema } from "ajv";
import { type OpenAPIClient, OpenAPIClientAxios } from "openapi-client-axios";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openInference, schemas } from "../support/open-inference.ts";
import { encodeRequest, type Serving, serve, writeRun } from "../support/serving.ts";
import { sharedFolder } from "../support/tiny.ts";

const folder = sharedFolder();
const ajv = new Ajv();
const name = "tiny-encoder";
let server: Serving;
let client: OpenAPIClient;

beforeAll(async () => {
  await writeRun(join(folder, "tiny"));
  server = await serve([join(folder, "tiny")]);
  const axiosConfigDefaults = { baseURL: server.url, validateStatus: () => true };
  client = await new OpenAPIClientAxios({ definition: openInference, axiosConfigDefaults }).init();
});
afterAll(() => server.app.close());

/** Calls an operation of the description, and holds the answer to its schema. */
async function call(
  operation: keyof typeof schemas | `${"model" | "modelReady" | "inference"}Version`,
  parameters: Readonly<Record<string, string>> = {},
  body?: unknown,
) {
  const { status, data } = await client[operation]!(parameters, body);
  const of = operation.replace(/Version$/, "") as keyof typeof schemas;
  const schema: AnySchema = status === 200 ? schemas[of] : schemas.error;
  expect(ajv.validate(schema, data), `${operation}: ${ajv.errorsText()} in ${JSON.stringify(data)}`).toBe(
    true,
  );
  return { status, data };
}

test("every endpoint answers as it is described", async () => {
  for (const operation of ["server", "live", "ready"] as const)
    expect((await call(operation)).status).toBe(200);
  for (const operation of ["model", "modelReady"] as const)
    expect((await call(operation, { name })).status).toBe(200);
  for (const operation of ["modelVersion", "modelReadyVersion"] as const)
    expect((await call(operation, { name, version: "1" })).status).toBe(200);
  expect((await call("inferenceVersion", { name, version: "1" }, encodeRequest(1))).status).toBe(200);
});

test("a client finds out what a model takes, and infers", async () => {
  const { data: model } = await call("model", { name });
  const [input] = model.inputs;
  const shape = input.shape.map((size: number) => (size === -1 ? 2 : size));
  const size = shape.reduce((product: number, dim: number) => product * dim, 1);
  const inputs = [{ ...input, shape, data: Array.from({ length: size }, (_, i) => (i % 5) / 5) }];
  const { status, data } = await call("inference", { name }, { id: "7", inputs });
  expect({ status, id: data.id, model: data.model_name }).toEqual({ status: 200, id: "7", model: name });
  for (const output of data.outputs) {
    const declared = model.outputs.find(({ name }: { name: string }) => name === output.name);
    expect(output.datatype).toBe(declared.datatype);
    expect(output.shape).toEqual(declared.shape.with(0, 2));
    expect(output.data).toHaveLength(output.shape[0] * output.shape[1]);
  }
});

test("errors are as they are described", async () => {
  expect((await call("model", { name: "none" })).status).toBe(404);
  expect((await call("modelReady", { name: "none" })).status).toBe(404);
  for (const operation of ["modelVersion", "modelReadyVersion"] as const)
    expect((await call(operation, { name, version: "9" })).status).toBe(404);
  expect((await call("inferenceVersion", { name, version: "9" }, encodeRequest(1))).status).toBe(404);
  expect((await call("inference", { name: "none" }, encodeRequest(1))).status).toBe(404);
  for (const body of [{}, { inputs: [] }, { inputs: [{ name: "x" }] }])
    expect((await call("inference", { name }, body)).status).toBe(400);
});
