/** What the log calls a request, and says of it when it is over. */
import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { type FastifyBaseLogger, type FastifyReply, type FastifyRequest, LogController } from "fastify";
import { CLIENT_GONE } from "./error.ts";

/** Gives ids of requests: the server's, so that no two servers' are alike, and a number. */
export function requestIds(): (request: Pick<IncomingMessage, "headers">) => string {
  const server = randomUUID().slice(0, 8);
  let count = 0;
  return ({ headers }) => {
    // A client's own id is taken where it can't be mistaken for anything else in a log.
    const given = headers["x-request-id"];
    return typeof given === "string" && /^[\w.:-]{1,64}$/.test(given) ? given : `${server}-${count++}`;
  };
}

/** Writes the line of a request. */
export function logRequest(
  log: FastifyBaseLogger,
  { id, method, url }: { readonly id: string; readonly method: string; readonly url: string },
  { status, elapsed }: { readonly status: number; readonly elapsed: number },
): void {
  // The path alone: what stands behind it may be a secret.
  const end = url.indexOf("?");
  const path = end < 0 ? url : url.slice(0, end);
  log.info({ reqId: id, method, path, status, ms: Math.round(1000 * elapsed) / 1000 }, "request");
}

/** A line for each request, when it is over, in place of Fastify's two; a hook for it would cost as much as the line. */
export class RequestLines extends LogController {
  constructor() {
    super({ disableRequestLogging: true });
  }

  /** Of a request whose client has gone Fastify says nothing. */
  requestLeft(request: FastifyRequest, reply: FastifyReply): void {
    logRequest(reply.server.log, request, { status: CLIENT_GONE, elapsed: reply.elapsedTime });
  }

  override requestCompleted(_error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    logRequest(reply.server.log, request, { status: reply.statusCode, elapsed: reply.elapsedTime });
  }
}
