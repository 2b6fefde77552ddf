/** Request bodies as they come in: the parser that Fastify brings copies every one of them once more. */
import { errorCodes, type FastifyError, type FastifyRequest, type RequestPayload } from "fastify";

/**
 * Reads a body, as Fastify's `parseAs: "buffer"` does: a 413 where it is too large, a 400 where it is not as long as it
 * was announced. Hooks may have put another stream in its place, which says how long it was (`receivedEncodedLength`).
 */
export function readBody(
  { headers, routeOptions: { bodyLimit } }: FastifyRequest,
  payload: RequestPayload,
  done: (error: Error | null, body?: Buffer) => void,
): void {
  const announced = Number(headers["content-length"]);
  if (announced > bodyLimit) {
    done(new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE());
    return;
  }
  const chunks: Buffer[] = [];
  let length = 0;
  const over = (error: Error | null, body?: Buffer) => {
    payload.off("data", onData).off("end", onEnd).off("error", onError);
    done(error, body);
  };
  const onData = (given: Buffer | string) => {
    const chunk = typeof given === "string" ? Buffer.from(given) : given;
    length += chunk.length;
    chunks.push(chunk);
    if (Math.max(length, payload.receivedEncodedLength ?? 0) > bodyLimit)
      over(new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE());
  };
  const onEnd = () => {
    // NaN where it was not announced.
    if (announced >= 0 && announced !== (payload.receivedEncodedLength || length))
      return over(new errorCodes.FST_ERR_CTP_INVALID_CONTENT_LENGTH());
    const [first] = chunks;
    over(null, chunks.length === 1 ? first : Buffer.concat(chunks, length));
  };
  // Of a stream in between, or of a request that broke off.
  const onError = (error: FastifyError) => {
    const { statusCode = 0 } = error;
    over(Object.assign(error, { statusCode: statusCode >= 400 ? statusCode : 400 }));
  };
  payload.on("data", onData).on("end", onEnd).on("error", onError).resume();
}
