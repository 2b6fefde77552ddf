/** A server of its own around the plugin: logs, request ids, and an end that drains. */
import { createServer, type ServerResponse, STATUS_CODES } from "node:http";
import { Socket } from "node:net";
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from "fastify";
import { ahead } from "./ahead.ts";
import { answerError, type InferenceOptions, inferencePlugin } from "./plugin.ts";
import { RequestLines, requestIds } from "./request-log.ts";
import { tokenTest } from "./token.ts";

export interface ServerOptions extends InferenceOptions {
  /** Bytes of a body at most. */
  readonly bodyLimit?: number | undefined;
  /** A pino, or what does as it does. */
  readonly logger?: FastifyBaseLogger | undefined;
}

/** Bytes of an answer that the system holds where a client does not read it. */
const LARGE = 2 ** 16;

/** 16 MiB */
export const defaultBodyLimit = 2 ** 24;

/** A Fastify server with the plugin, not yet listening. */
export async function inferenceServer({
  bodyLimit = defaultBodyLimit,
  logger,
  ...options
}: ServerOptions): Promise<FastifyInstance> {
  const idOf = requestIds();
  const lines = new RequestLines();
  const { service } = options;
  // From the signal on, so that clients that keep their connections are gone from them when these are closed.
  const isClosing = () => service.isEnding;
  // Whoever reads none of an answer for as long as a request may take to come holds it no longer.
  const onAnswer = (response: ServerResponse, length: number) => {
    // An injected request has none that is one.
    const { socket } = response;
    if (length > LARGE && socket instanceof Socket) socket.setTimeout(app.server.requestTimeout);
  };
  const app: FastifyInstance = Fastify({
    bodyLimit,
    // A model is called as its file is, which may have so many letters.
    routerOptions: { maxParamLength: 255 },
    ...(logger === undefined ? { logger: false } : { loggerInstance: logger }),
    logController: lines,
    // A logger for each request would cost more than its line does.
    childLoggerFactory: (logger) => logger,
    genReqId: idOf,
    // Addresses that can't be read go past the hooks, and past what logs.
    frameworkErrors: (error, request, reply) => {
      answerError(error, request, reply.header("x-request-id", request.id));
      lines.requestCompleted(error, request, reply);
    },
    clientErrorHandler: answerUnreadable,
    serverFactory: (handler) => {
      const isAllowed = tokenTest(options.token);
      const server = createServer(
        ahead(handler, {
          service,
          bodyLimit,
          isAllowed,
          isClosing,
          onAnswer,
          idOf,
          log: () => app.log,
        }),
      );
      // Clients that send slowly hold their own socket up, and not for ever.
      server.requestTimeout = 60_000;
      // Longer than a proxy in front keeps what it does not use, or it would send into a connection that closes.
      server.keepAliveTimeout = 72_000;
      return server;
    },
    // While it drains, what comes on open connections is answered.
    return503OnClosing: false,
    forceCloseConnections: "idle",
  });
  app.addHook("preClose", (done) => {
    // Node does not look any more for requests that don't come to their end once a server closes.
    const { server } = app;
    setTimeout(() => server.closeAllConnections(), server.requestTimeout + service.timeout).unref();
    done();
  });
  app.addHook("onRequest", (request, reply, done) => {
    reply.raw.once("close", () => {
      if (!reply.raw.writableFinished) lines.requestLeft(request, reply);
    });
    done();
  });
  app.addHook("onSend", (request, reply, payload, done) => {
    if (typeof payload === "string" || Buffer.isBuffer(payload)) onAnswer(reply.raw, payload.length);
    reply.header("x-request-id", request.id);
    // Or the connection would stay open for more, and the server wait for its end.
    if (isClosing()) reply.header("connection", "close");
    done();
  });
  app.setNotFoundHandler(({ method }, reply) =>
    reply
      .code(404)
      .send({ error: `there is nothing at this address for ${method}: /docs lists what there is` }),
  );
  await app.register(inferencePlugin, options);
  return app;
}

/** What can't be read as HTTP, or does not come to its end, is no request that a handler sees: it is answered here. */
function answerUnreadable(this: FastifyInstance, { code }: NodeJS.ErrnoException, socket: Socket): void {
  if (code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, error] = unreadable[code ?? ""] ?? [400, "the request is not HTTP, or ends early"];
  this.log.info({ status, code }, "no request");
  const body = JSON.stringify({ error });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    "content-type: application/json; charset=utf-8",
    `content-length: ${body.length}`,
    "connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`, () => socket.destroy());
}

const unreadable: Readonly<Record<string, readonly [status: number, error: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, "the request did not come to its end in time"],
  HPE_HEADER_OVERFLOW: [431, "the head of the request is too large"],
};
