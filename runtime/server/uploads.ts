/** How much of what clients send is held at once: a limit for each body says nothing of many. */
import { Transform } from "node:stream";
import type { FastifyReply, FastifyRequest, RequestPayload } from "fastify";
import { ServiceError, unavailable } from "./error.ts";

/** Bodies of the largest size that may be held at once. */
const BODIES = 16;

/** Bytes of a body that is not counted: to count those of common requests would cost more than they hold. */
export const SMALL = 2 ** 16;

/**
 * Seconds without a byte of a large body after which it is given up: what is held of it keeps others out. One that
 * comes a byte at a time has until the server's `requestTimeout`.
 */
const PATIENCE = 10;

/** Counts the bytes of large bodies from when they come to the end of the answer. */
export class Uploads {
  readonly #patience: number;
  #bytes = 0;

  constructor(patience = PATIENCE) {
    this.#patience = patience;
  }

  /** The body of a request, which ends with a 503 where too much is held already, and with a 408 where no more comes. */
  counted(request: FastifyRequest, reply: FastifyReply, body: RequestPayload): RequestPayload {
    if (!mayBeLarge(request)) return body;
    const fact = `no more of the body came for ${this.#patience} seconds`;
    const stall = setTimeout(() => counted.destroy(new ServiceError(408, fact)), 1000 * this.#patience);
    // A body that nobody reads does not come to its end, and would be kept for as long as the timer.
    const count = this.counter(request, reply, () => clearTimeout(stall));
    const counted = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        stall.refresh();
        try {
          count(chunk.length);
          done(null, chunk);
        } catch (error) {
          done(error as Error);
        }
      },
    });
    counted.once("close", () => clearTimeout(stall));
    // Of a stream that a hook before this one has put in place of the request: how long that was.
    if (body.receivedEncodedLength !== undefined)
      Object.defineProperty(counted, "receivedEncodedLength", { get: () => body.receivedEncodedLength });
    body.on("error", (error) => counted.destroy(error));
    // Nobody else may listen: a request that is refused for its head is answered before its body has come.
    counted.on("error", () => {});
    return body.pipe(counted);
  }

  /**
   * Counts bytes that are held until a request is answered or its client gone; `over` is called then. Throws a 503 where
   * they are too many.
   */
  counter(
    { raw: { socket }, routeOptions }: FastifyRequest,
    { raw }: FastifyReply,
    over = () => {},
  ): (bytes: number) => void {
    const most = BODIES * routeOptions.bodyLimit;
    let held = 0;
    let isOver = false;
    // An answer that waits for another one on its connection does not close with that.
    const release = () => {
      this.#bytes -= held;
      isOver = true;
      raw.off("close", release);
      socket.off("close", release);
      over();
    };
    if (socket.destroyed) release();
    else {
      raw.once("close", release);
      socket.once("close", release);
    }
    return (bytes) => {
      if (isOver) return;
      if (this.#bytes + bytes > most)
        throw unavailable("too many large requests are under way: try again later");
      this.#bytes += bytes;
      held += bytes;
    };
  }
}

/** Whether the head of a request tells of a large body, or does not tell. */
function mayBeLarge({ method, headers }: FastifyRequest): boolean {
  if (method === "GET" || method === "HEAD") return false;
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > SMALL;
}
