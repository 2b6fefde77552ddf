/** Bodies that come compressed. */
import { promisify } from "node:util";
import { gunzip, inflate as inflateZlib } from "node:zlib";
import type { FastifyRequest } from "fastify";
import { refuse, ServiceError } from "../error.ts";

const decompress = { gzip: promisify(gunzip), deflate: promisify(inflateZlib) };

/** A request's body as it was before it was compressed, at once where it was not. Throws a 400 where there is none. */
export function plainBody(request: FastifyRequest): Buffer | Promise<Buffer> {
  const { headers, body } = request;
  const bytes = Buffer.isBuffer(body) ? body : refuse("the request has no body");
  const encoding = headers["content-encoding"]?.toLowerCase() ?? "identity";
  return encoding === "identity" ? bytes : inflate(bytes, encoding, request.routeOptions.bodyLimit);
}

/** Throws a 413 where it is more than `limit` bytes. */
async function inflate(bytes: Buffer, encoding: string, limit: number): Promise<Buffer> {
  if (encoding !== "gzip" && encoding !== "deflate")
    throw new ServiceError(
      415,
      `a body in ${JSON.stringify(encoding)} is not understood: gzip and deflate are`,
    );
  try {
    return await decompress[encoding](bytes, { maxOutputLength: limit });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE")
      throw new ServiceError(413, `the body is more than ${limit} bytes when it is decompressed`);
    return refuse(`the body is not ${encoding}`);
  }
}
