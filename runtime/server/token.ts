/** Bearer tokens (RFC 6750), compared in a time that says nothing of them. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import { ServiceError } from "./error.ts";

/** A hook that lets a request pass where it brings the token. Throws a 401. */
export function requireToken(token: string): (request: FastifyRequest, reply: FastifyReply) => Promise<void> {
  const expected = digest(token);
  return async ({ headers }, reply) => {
    const [, given = ""] = /^Bearer ([^\s]+)$/i.exec(headers.authorization ?? "") ?? [];
    // Digests are of one length, whatever was sent.
    if (timingSafeEqual(digest(given), expected)) return;
    reply.header("www-authenticate", "Bearer");
    throw new ServiceError(401, "a bearer token is needed");
  };
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
