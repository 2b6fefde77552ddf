/** The service as a Fastify plugin, for a server of one's own. */
import cors from "@fastify/cors";
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { errorAnswer } from "./answer.ts";
import { autoencoderRoutes, type ImageLimits } from "./autoencoder/routes.ts";
import type { ServiceError } from "./error.ts";
import { below, documentation, openAddresses } from "./openapi/document.ts";
import { requireOrigin } from "./origin.ts";
import { protocolRoutes } from "./protocol/routes.ts";
import type { InferenceService } from "./service.ts";
import { requireToken } from "./token.ts";
import { Uploads } from "./uploads.ts";

/** What the plugin serves, and to whom. */
export interface InferenceOptions extends ImageLimits {
  readonly service: InferenceService;
  /** What clients have to send as `Authorization: Bearer …`, but for the health probes. */
  readonly token?: string | undefined;
  /** Origins whose pages may ask, besides the server's own: `*` for all. */
  readonly cors?: readonly string[] | undefined;
}

/** What a page of another origin may read of an answer besides its body: where binary tensors begin, for one. */
const exposedHeaders = ["inference-header-content-length", "retry-after", "x-request-id"];

/** Adds the protocol's routes and `/metrics`, below a prefix where one is given; closes the service with the server. */
export async function inferencePlugin(
  app: FastifyInstance,
  { service, token, cors: origins, maxImages, maxPixels }: InferenceOptions,
) {
  app.setErrorHandler(answerError);
  app.addHook("preClose", (done) => {
    service.announceEnd();
    done();
  });
  app.addHook("onClose", () => service.close());
  app.addHook("onRequest", requireOrigin(origins ?? []));
  if (origins !== undefined)
    await app.register(cors, { origin: origins.includes("*") ? "*" : [...origins], exposedHeaders });
  await documentation(app, token !== undefined);
  if (token !== undefined) {
    const check = requireToken(token);
    app.addHook("onRequest", async (request, reply) => {
      const { url = "" } = request.routeOptions;
      if (!openAddresses.test(below(app, url))) await check(request, reply);
    });
  }
  const uploads = new Uploads();
  app.addHook("preParsing", (request, reply, payload, done) =>
    done(null, uploads.counted(request, reply, payload)),
  );
  app.get("/metrics", async (_request, reply) => {
    const { registry } = service.metrics;
    return reply.type(registry.contentType).send(await registry.metrics());
  });
  await app.register(protocolRoutes, { service, uploads });
  await app.register(autoencoderRoutes, { service, maxImages, maxPixels });
}

/** Errors as the protocol has them; what a client is not to know of is logged, and not told. */
export function answerError(
  error: FastifyError | ServiceError,
  { server, id }: FastifyRequest,
  reply: FastifyReply,
) {
  const { status, headers, body } = errorAnswer(error, (err) =>
    server.log.error({ reqId: id, err }, "a request failed"),
  );
  return reply.code(status).headers(headers).send(body);
}
