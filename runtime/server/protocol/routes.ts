/** The Open Inference Protocol v2 over HTTP, with Triton's binary tensors, model repository and statistics. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { version } from "../../../src/version.ts";
import { refuse } from "../error.ts";
import { parseJson } from "../json.ts";
import type { ServedModel } from "../model.ts";
import type { InferenceService } from "../service.ts";
import type { Uploads } from "../uploads.ts";
import { readBody } from "./body.ts";
import { tensorMetadata } from "./datatypes.ts";
import { plainBody } from "./encoding.ts";
import { type Fields, object, parametersOf } from "./fields.ts";
import { infer } from "./infer.ts";
import { statisticsOf } from "./statistics.ts";

const extensions = ["binary_tensor_data", "model_repository", "statistics"];

interface Named {
  readonly name: string;
  readonly version?: string;
}

/** Adds the routes under `/v2`. */
export async function protocolRoutes(
  app: FastifyInstance,
  { service, uploads }: { readonly service: InferenceService; readonly uploads: Uploads },
): Promise<void> {
  // Bodies are the protocol's whatever their content type says: stock clients send several.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", readBody);
  // Types with a parser of their own are not read anew for each request.
  app.addContentTypeParser(["application/octet-stream", "application/json"], readBody);

  app.get("/v2", async () => ({ name: "isthmus", version, extensions }));
  app.get("/v2/", async () => ({ name: "isthmus", version, extensions }));
  app.get("/v2/health/live", async () => ({ live: true }));
  app.get("/v2/health/ready", async (_request, reply) => {
    return reply.code(service.isReady ? 200 : 503).send({ ready: service.isReady });
  });

  for (const path of ["/v2/models/:name", "/v2/models/:name/versions/:version"]) {
    const model = ({ params }: FastifyRequest) => {
      const { name, version } = params as Named;
      return service.model(name, version);
    };
    app.get(path, async (request) => modelMetadata(model(request)));
    app.get(`${path}/ready`, async (request) => ({ name: model(request).name, ready: true }));
    app.get(`${path}/stats`, async (request) => ({ model_stats: [statisticsOf(model(request))] }));
    app.post(`${path}/infer`, {
      onRequest: (request, _reply, done) => {
        model(request).requireRoom();
        done();
      },
      handler: async (request, reply) => {
        const given = plainBody(request, () => uploads.counter(request, reply));
        const { headers, body } = await infer(
          model(request),
          Buffer.isBuffer(given) ? given : await given,
          request.raw,
        );
        return reply.headers(headers).send(body);
      },
    });
  }
  app.get("/v2/models/stats", async () => ({
    model_stats: service.index().flatMap(({ model }) => (model === null ? [] : [statisticsOf(model)])),
  }));

  app.post("/v2/repository/index", async ({ body }) => {
    const { ready } = fieldsIn(body);
    await service.refresh();
    return service.index().flatMap(({ name, model, reason }) => {
      if (ready === true && model === null) return [];
      return [{ name, version: "1", state: model === null ? "UNAVAILABLE" : "READY", reason }];
    });
  });
  app.post("/v2/repository/models/:name/load", async ({ params, body }, reply) => {
    if (Object.keys(parametersOf(fieldsIn(body), "the request")).length > 0)
      refuse("load: a model is loaded as its file is; parameters are not supported");
    await service.load((params as Named).name);
    return reply.code(200).send();
  });
  app.post("/v2/repository/models/:name/unload", async ({ params, body }, reply) => {
    // It may say whether models that this one needs are to go, too: there are none.
    parametersOf(fieldsIn(body), "the request");
    await service.unload((params as Named).name);
    return reply.code(200).send();
  });
}

function modelMetadata({ name, version, inputs, outputs }: ServedModel) {
  return {
    name,
    versions: [version],
    platform: "onnx_onnxv1",
    inputs: inputs.map(tensorMetadata),
    outputs: outputs.map(tensorMetadata),
  };
}

/** The JSON object of a body that may be left out. */
function fieldsIn(body: unknown): Fields {
  if (!Buffer.isBuffer(body) || body.length === 0) return {};
  return object(parseJson(body.toString("utf8"), "the request"), "the request");
}
