/** What a request is answered with when it is not carried out. */

/** A refusal: an HTTP status and one line for the client, which names no path of this machine. */
export class ServiceError extends Error {
  override readonly name = "ServiceError";
  readonly statusCode: number;
  /** Seconds after which the same request may be carried out; sent as `Retry-After`. */
  readonly retryAfter: number | undefined;

  constructor(statusCode: number, message: string, retryAfter?: number) {
    super(message);
    this.statusCode = statusCode;
    this.retryAfter = retryAfter;
  }
}

/** Throws a 400: the request itself is wrong. */
export function refuse(message: string): never {
  throw new ServiceError(400, message);
}

/** A 503: the service can't carry the request out now. */
export function unavailable(message: string): ServiceError {
  return new ServiceError(503, message, 1);
}
