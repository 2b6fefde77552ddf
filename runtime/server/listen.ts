/** A server of its own around the plugin: logs, request ids, and an end that drains. */
import { randomUUID } from "node:crypto";
import { createServer, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from "fastify";
import { answerError, type InferenceOptions, inferencePlugin } from "./plugin.ts";
import { shedding } from "./shed.ts";
import { tokenTest } from "./token.ts";

export interface ServerOptions extends InferenceOptions {
  /** Bytes of a body at most. */
  readonly bodyLimit?: number | undefined;
  /** A pino, or what does as it does. */
  readonly logger?: FastifyBaseLogger | undefined;
}

/** 16 MiB */
export const defaultBodyLimit = 2 ** 24;

/** Ids of requests: the server's, so that no two servers' are alike, and a number. */
function requestIds(): () => string {
  const server = randomUUID().slice(0, 8);
  let count = 0;
  return () => `${server}-${count++}`;
}

/** A line for each request, when it is over, in place of Fastify's two; a hook for it would cost as much as the line. */
class RequestLines extends LogController {
  constructor() {
    super({ disableRequestLogging: true });
  }

  override requestCompleted(_error: unknown, { id, method, url }: FastifyRequest, reply: FastifyReply): void {
    // The path alone: what stands behind it may be a secret.
    const end = url.indexOf("?");
    const path = end < 0 ? url : url.slice(0, end);
    const ms = Math.round(1000 * reply.elapsedTime) / 1000;
    reply.server.log.info({ reqId: id, method, path, status: reply.statusCode, ms }, "request");
  }
}

/** A Fastify server with the plugin, not yet listening. */
export async function inferenceServer({
  bodyLimit = defaultBodyLimit,
  logger,
  ...options
}: ServerOptions): Promise<FastifyInstance> {
  const nextId = requestIds();
  const lines = new RequestLines();
  let isClosing = false;
  const app = Fastify({
    bodyLimit,
    ...(logger === undefined ? { logger: false } : { loggerInstance: logger }),
    logController: lines,
    // A logger for each request would cost more than its line does.
    childLoggerFactory: (logger) => logger,
    // A client's own id is taken where it can't be mistaken for anything else in a log.
    genReqId: ({ headers }) => {
      const given = headers["x-request-id"];
      return typeof given === "string" && /^[\w.:-]{1,64}$/.test(given) ? given : nextId();
    },
    // Addresses that can't be read go past the hooks, and past what logs.
    frameworkErrors: (error, request, reply) => {
      answerError(error, request, reply.header("x-request-id", request.id));
      lines.requestCompleted(error, request, reply);
    },
    clientErrorHandler: answerUnreadable,
    serverFactory: (handler) => {
      const shed = shedding(handler, {
        service: options.service,
        isAllowed: tokenTest(options.token),
        isClosing: () => isClosing,
        tell: (refused) => app.log.warn({ refused }, "too much was asked: requests were refused"),
      });
      const server = createServer(shed);
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
    isClosing = true;
    // Node does not look any more for requests that don't come to their end once a server closes.
    const { server } = app;
    setTimeout(() => server.closeAllConnections(), server.requestTimeout + options.service.timeout).unref();
    done();
  });
  app.addHook("onSend", (request, reply, _payload, done) => {
    reply.header("x-request-id", request.id);
    // Or the connection would stay open for more, and the server wait for its end.
    if (isClosing) reply.header("connection", "close");
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
