/** Bearer tokens (RFC 6750), compared in a time that says nothing of them. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { FastifyReply, FastifyRequest } from "fastify";
import { ServiceError } from "./error.ts";

/** Whether the headers of a request bring the token; true for all where there is none. */
export function tokenTest(token: string | undefined): (headers: IncomingHttpHeaders) => boolean {
  if (token === undefined) return () => true;
  const expected = digest(token);
  return ({ authorization }) => {
    const [, given = ""] = /^Bearer ([^\s]+)$/i.exec(authorization ?? "") ?? [];
    // Digests are of one length, whatever was sent.
    return timingSafeEqual(digest(given), expected);
  };
}

/** A hook that lets a request pass where it brings the token. Throws a 401. */
export function requireToken(token: string): (request: FastifyRequest, reply: FastifyReply) => Promise<void> {
  const isAllowed = tokenTest(token);
  return async ({ headers }, reply) => {
    if (isAllowed(headers)) return;
    reply.header("www-authenticate", "Bearer");
    throw new ServiceError(401, "a bearer token is needed");
  };
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
