/** A server of its own around the plugin: logs, request ids, and an end that drains. */
import { randomUUID } from "node:crypto";
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from "fastify";
import { type InferenceOptions, inferencePlugin } from "./plugin.ts";

export interface ServerOptions extends InferenceOptions {
  /** Bytes of a body at most. */
  readonly bodyLimit?: number | undefined;
  /** A pino, or what does as it does. */
  readonly logger?: FastifyBaseLogger | undefined;
}

/** 16 MiB */
export const defaultBodyLimit = 2 ** 24;

/** A Fastify server with the plugin, not yet listening. */
export async function inferenceServer({
  bodyLimit = defaultBodyLimit,
  logger,
  ...options
}: ServerOptions): Promise<FastifyInstance> {
  const app = Fastify({
    bodyLimit,
    ...(logger === undefined ? { logger: false } : { loggerInstance: logger }),
    disableRequestLogging: true,
    // A client's own id is taken where it can't be mistaken for anything else in a log.
    genReqId: ({ headers }) => {
      const given = headers["x-request-id"];
      return typeof given === "string" && /^[\w.:-]{1,64}$/.test(given) ? given : randomUUID();
    },
    // Clients that send slowly hold their own socket up, and not for ever.
    requestTimeout: 60_000,
    // While it drains, requests on open connections are answered and the connections closed after them.
    return503OnClosing: false,
    forceCloseConnections: "idle",
  });
  app.addHook("onRequest", async (request, reply) => {
    reply.header("x-request-id", request.id);
  });
  app.addHook("onResponse", async (request, reply) => {
    const { method, url, id } = request;
    request.log.info({ id, method, url, status: reply.statusCode, ms: reply.elapsedTime }, "request");
  });
  await app.register(inferencePlugin, options);
  return app;
}
