/** Bodies that come compressed. */
import { createGunzip, createInflate } from "node:zlib";
import type { FastifyRequest } from "fastify";
import { refuse, ServiceError } from "../error.ts";

const decompressors = { gzip: createGunzip, deflate: createInflate };

/**
 * A request's body as it was before it was compressed, at once where it was not. Throws a 400 where there is none.
 * @param count is told how many bytes more are held, and may throw
 */
export function plainBody(
  request: FastifyRequest,
  count: () => (bytes: number) => void,
): Buffer | Promise<Buffer> {
  const { headers, body } = request;
  const bytes = Buffer.isBuffer(body) ? body : refuse("the request has no body");
  const encoding = headers["content-encoding"]?.toLowerCase() ?? "identity";
  if (encoding === "identity") return bytes;
  if (encoding !== "gzip" && encoding !== "deflate")
    throw new ServiceError(
      415,
      `a body in ${JSON.stringify(encoding)} is not understood: gzip and deflate are`,
    );
  return inflate(bytes, encoding, request.routeOptions.bodyLimit, count());
}

/** Throws a 413 where it is more than `limit` bytes. */
async function inflate(
  bytes: Buffer,
  encoding: keyof typeof decompressors,
  limit: number,
  count: (bytes: number) => void,
): Promise<Buffer> {
  const stream = decompressors[encoding]();
  stream.end(bytes);
  const parts: Buffer[] = [];
  let length = 0;
  try {
    for await (const part of stream as AsyncIterable<Buffer>) {
      length += part.length;
      if (length > limit)
        throw new ServiceError(413, `the body is more than ${limit} bytes when it is decompressed`);
      count(part.length);
      parts.push(part);
    }
  } catch (error) {
    if (error instanceof ServiceError) throw error;
    return refuse(`the body is not ${encoding}`);
  }
  return Buffer.concat(parts);
}
