/** What a request is answered with when it is not carried out. */

/** Characters of a message at most, and of those before what is left out: what a client sent may stand in the middle. */
const LONGEST = 300;
const HEAD = 200;

/** A refusal: an HTTP status and one line for the client, which names no path of this machine. */
export class ServiceError extends Error {
  override readonly name = "ServiceError";
  readonly statusCode: number;
  /** Seconds after which the same request may be carried out; sent as `Retry-After`. */
  readonly retryAfter: number | undefined;

  constructor(statusCode: number, message: string, retryAfter?: number) {
    // Nobody reads the stack of an answer, and to record it costs more than to send the answer.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(message.length > LONGEST ? `${message.slice(0, HEAD)}…${message.slice(HEAD - LONGEST)}` : message);
    Error.stackTraceLimit = stackTraceLimit;
    this.statusCode = statusCode;
    this.retryAfter = retryAfter;
  }
}

/** Throws a 400: the request itself is wrong. */
export function refuse(message: string): never {
  throw new ServiceError(400, message);
}

/** A client's value as a message shows it: what is nested, however deeply, is only named. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object" && value !== null) return "an object";
  return typeof value === "string" ? JSON.stringify(value.slice(0, 60)) : String(value);
}

/** A 503: the service can't carry the request out now. */
export function unavailable(message: string): ServiceError {
  return new ServiceError(503, message, 1);
}

/** A 503: so much is under way that another request would wait too long. */
export function overloaded(): ServiceError {
  return unavailable("too many requests are under way: try again later");
}

/** As nginx has it: nobody is told of it but the log. */
export const CLIENT_GONE = 499;

/** Of a request whose client did not wait for its answer. */
export function clientGone(): ServiceError {
  return new ServiceError(CLIENT_GONE, "the client went away");
}
