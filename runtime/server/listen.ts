/** A server of its own around the plugin: logs, request ids, and an end that drains. */
import { randomUUID } from "node:crypto";
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from "fastify";
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
    // One line a request, below, in place of two.
    logController: new LogController({ disableRequestLogging: true }),
    // A client's own id is taken where it can't be mistaken for anything else in a log.
    genReqId: ({ headers }) => {
      const given = headers["x-request-id"];
      return typeof given === "string" && /^[\w.:-]{1,64}$/.test(given) ? given : randomUUID();
    },
    // Clients that send slowly hold their own socket up, and not for ever.
    requestTimeout: 60_000,
    // While it drains, what comes on open connections is answered.
    return503OnClosing: false,
    forceCloseConnections: "idle",
  });
  let isClosing = false;
  app.addHook("preClose", (done) => {
    isClosing = true;
    done();
  });
  app.addHook("onSend", (_request, reply, _payload, done) => {
    // Or the connection would stay open for more, and the server wait for its end.
    if (isClosing) reply.header("connection", "close");
    done();
  });
  app.addHook("onRequest", (request, reply, done) => {
    reply.header("x-request-id", request.id);
    done();
  });
  app.addHook("onResponse", (request, reply, done) => {
    // The path alone: what stands behind it may be a secret.
    const [path] = request.url.split("?", 1);
    const { method } = request;
    request.log.info({ method, path, status: reply.statusCode, ms: reply.elapsedTime }, "request");
    done();
  });
  app.setNotFoundHandler((_request, reply) =>
    reply.code(404).send({ error: "there is nothing at this address" }),
  );
  await app.register(inferencePlugin, options);
  return app;
}
