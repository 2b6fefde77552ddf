/** The OpenAPI document: valid, complete, and true of what the server answers. */
import { join } from "node:path";
import { Validator } from "@seriousme/openapi-schema-validator";
import Fastify, { type FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inferencePlugin } from "../../runtime/server/index.ts";
import { inferenceServer } from "../../runtime/server/listen.ts";
import { protocolSchemas } from "../../runtime/server/openapi/protocol.ts";
import { InferenceService } from "../../runtime/server/service.ts";
import { encodeRequest, writeRun } from "../support/serving.ts";
import { sharedFolder } from "../support/tiny.ts";

const folder = join(sharedFolder(), "tiny");
const options = { workers: 1, threads: 1 };
let app: FastifyInstance;

beforeAll(async () => {
  await writeRun(folder);
  app = await inferenceServer({ service: await InferenceService.open([folder], options), token: "secret" });
});
afterAll(() => app.close());

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly operationId: string }>>>>;
}

const routes: string[] = [];
const documentOf = async (app: FastifyInstance, prefix = "") =>
  (await app.inject(`${prefix}/openapi.json`)).json() as Document;

test("is a valid OpenAPI 3.1 document of every route, each with a name of its own", async () => {
  const document = await documentOf(app);
  expect(document.openapi).toBe("3.1.0");
  expect(await new Validator().validate({ ...document })).toMatchObject({ valid: true });
  const service = await InferenceService.open([folder], options);
  const listed = Fastify();
  listed.addHook("onRoute", ({ method, url }) => {
    for (const one of [method].flat())
      if (one !== "HEAD" && one !== "OPTIONS") routes.push(`${one.toLowerCase()} ${url}`);
  });
  await listed.register(inferencePlugin, { service });
  await listed.ready();
  await listed.close();
  const undocumented = /\/(docs(\/.*)?|openapi\.json|v2\/)$/;
  const expected = routes
    .filter((route) => !undocumented.test(route))
    .map((route) => route.replace(/:(\w+)/g, "{$1}"));
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId }]) => [`${method} ${path}`, operationId] as const),
  );
  expect(operations.map(([route]) => route).sort()).toEqual(expected.sort());
  expect(operations.length).toBeGreaterThan(25);
  expect(new Set(operations.map(([, id]) => id)).size).toBe(operations.length);
  expect(operations.every(([, id]) => typeof id === "string")).toBe(true);
});

test("the document and the page are there without the token, and nothing else of it", async () => {
  for (const path of ["/openapi.json", "/docs", "/docs/json", "/docs/static/swagger-ui.css"])
    expect([path, (await app.inject(path)).statusCode]).toEqual([path, 200]);
  for (const path of ["/runs", "/sample", "/v2", "/docs/none", "/metrics"])
    expect([path, (await app.inject(path)).statusCode]).not.toEqual([path, 200]);
  expect((await app.inject("/runs")).statusCode).toBe(401);
  const page = await app.inject("/docs");
  expect(page.headers["content-security-policy"]).toContain("default-src 'self'");
  expect(page.body).not.toMatch(/https?:/);
});

describe("the protocol's answers are as they are documented", () => {
  const headers = { authorization: "Bearer secret" };
  const { server, live, ready, modelReady, model, request, response, statistics, index } = protocolSchemas;
  test.each([
    ["GET", "/v2", server],
    ["GET", "/v2/health/live", live],
    ["GET", "/v2/health/ready", ready],
    ["GET", "/v2/models/tiny-encoder", model],
    ["GET", "/v2/models/tiny-encoder/versions/1/ready", modelReady],
    ["GET", "/v2/models/stats", statistics],
    ["GET", "/v2/models/tiny-encoder/stats", statistics],
    ["POST", "/v2/repository/index", index],
    ["POST", "/v2/models/tiny-encoder/infer", response],
  ] as const)("%s %s", async (method, url, schema) => {
    const payload = url.endsWith("/infer") ? request.parse({ id: "7", ...encodeRequest(1, 2) }) : undefined;
    const answer = await app.inject({ method, url, headers, ...(payload && { payload }) });
    expect(answer.statusCode).toBe(200);
    schema.parse(answer.json());
  });
});

test("below a prefix, and in an application that reads bodies and documents itself in its own way", async () => {
  const service = await InferenceService.open([folder], options);
  const around = Fastify();
  around.addContentTypeParser(["image/png", "multipart/form-data"], (_request, _body, done) =>
    done(null, "mine"),
  );
  await around.register(inferencePlugin, { service, prefix: "/ml" });
  const document = await documentOf(around, "/ml");
  expect(Object.keys(document.paths)).toContain("/ml/runs/{run}/encode");
  expect((await around.inject("/ml/docs")).body).toContain('src="/ml/docs/static/swagger-ui-bundle.js"');
  const answer = await around.inject({ url: "/ml/sample", headers: { accept: "application/json" } });
  expect(answer.statusCode).toBe(200);
  const refused = await around.inject({
    method: "POST",
    url: "/ml/encode",
    headers: { "content-type": "image/png" },
    payload: Buffer.from("no"),
  });
  expect([refused.statusCode, refused.json()]).toEqual([
    415,
    { error: "the image: is neither a PNG nor a JPEG" },
  ]);
  await around.close();

  const documented = Fastify();
  const { default: swagger } = await import("@fastify/swagger");
  await documented.register(swagger, { openapi: { openapi: "3.1.0" } });
  await documented.register(inferencePlugin, { service: await InferenceService.open([folder], options) });
  await documented.ready();
  expect(Object.keys(documented.swagger().paths ?? {})).toContain("/runs/{run}/encode");
  await documented.close();
});
