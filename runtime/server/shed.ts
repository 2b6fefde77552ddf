/**
 * Load shedding ahead of Fastify. On its way through it a refusal costs about half as much as an answer, so that a
 * server at twice its capacity would do nothing but refuse.
 */
import type { IncomingHttpHeaders, IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { type EventLoopUtilization, performance } from "node:perf_hooks";
import { overloaded } from "./error.ts";
import type { InferenceService } from "./service.ts";

/** An address whose requests may be many is a model's name between these; one written otherwise is refused like all others. */
const before = "/v2/models/";
const behind = "/infer";

/** Milliseconds between two looks at how busy this thread is, and its share of them that counts as all. */
const LOOK = 50;
const BUSY = 0.9;

/**
 * Milliseconds between two turns at which refusals are sent that were held back; and what goes out at each: a few, or
 * where many are held a share. A thousand clients are told within a second or two, which is how long they are to wait.
 */
const TURN = 5;
const FEW = 5;
const SHARE = 1 / 200;

/** Refusals that are held back at most; the oldest goes out beyond that. */
const MANY = 10_000;

/** Milliseconds between two words on how many were refused. */
const INTERVAL = 1000;

export interface SheddingOptions {
  readonly service: InferenceService;
  /** Whether a request may ask: what others are told says nothing of the models. */
  readonly isAllowed: (headers: IncomingHttpHeaders) => boolean;
  /** Whether the server is ending: then all is handed on, and connections are closed. */
  readonly isClosing: () => boolean;
  /** Told how many were refused, once a second at most: a line for each would cost as much as the refusal. */
  readonly tell: (refused: number) => void;
}

/** Refuses inference requests to models that have no room, and hands on all others to `handler`. */
export function shedding(handler: RequestListener, options: SheddingOptions): RequestListener {
  const { service, isAllowed, isClosing, tell } = options;
  const refusals = new Refusals(isClosing);
  let refused = 0;
  const isShed = ({ method, url = "", headers }: IncomingMessage) => {
    if (method !== "POST" || !url.startsWith(before) || !url.endsWith(behind) || isClosing()) return false;
    // A page could not read an answer without the headers that allow it to.
    if (headers.origin !== undefined || !isAllowed(headers)) return false;
    return service.shed(url.slice(before.length, -behind.length), refusals.held);
  };
  return (request, response) => {
    if (!isShed(request)) return handler(request, response);
    // Its body is not waited for.
    request.resume();
    refusals.add(response);
    if (refused++ > 0) return;
    // The end of the process waits for it.
    setTimeout(() => {
      tell(refused);
      refused = 0;
    }, INTERVAL);
  };
}

/**
 * Sends refusals at once where the models are what is busy. Where it is this thread, which reads and writes all
 * requests, they wait for their turn: a client that asks again as soon as it is refused costs less then, and what is
 * saved goes into answers.
 */
class Refusals {
  #held: ServerResponse[] = [];
  #sender: NodeJS.Timeout | undefined;
  #looked = Number.NEGATIVE_INFINITY;
  #use: EventLoopUtilization = performance.eventLoopUtilization();
  #wasBusy = false;
  readonly #isClosing: () => boolean;

  constructor(isClosing: () => boolean) {
    this.#isClosing = isClosing;
  }

  /** How many wait for their turn. */
  get held(): number {
    return this.#held.length;
  }

  add(response: ServerResponse): void {
    if (this.#held.length === 0 && !this.#isBusy()) {
      this.#refuse(response);
      return;
    }
    this.#held.push(response);
    if (this.#held.length > MANY) this.#send(1);
    this.#sender ??= setInterval(() => this.#turn(), TURN);
  }

  #turn(): void {
    const { length } = this.#held;
    // Also when the thread is free again: all at once, they would be back at once.
    this.#send(this.#isClosing() ? length : Math.max(FEW, Math.ceil(SHARE * length)));
  }

  #isBusy(): boolean {
    const now = performance.now();
    if (now - this.#looked > LOOK) {
      const use = performance.eventLoopUtilization();
      this.#wasBusy = performance.eventLoopUtilization(use, this.#use).utilization > BUSY;
      this.#use = use;
      this.#looked = now;
    }
    return this.#wasBusy;
  }

  #send(count: number): void {
    for (const response of this.#held.splice(0, count)) this.#refuse(response);
    if (this.#held.length > 0) return;
    clearInterval(this.#sender);
    this.#sender = undefined;
  }

  #refuse(response: ServerResponse): void {
    response.writeHead(statusCode, this.#isClosing() ? lastHeaders : headers).end(body);
  }
}

const { statusCode, message, retryAfter } = overloaded();
const body = JSON.stringify({ error: message });
const headers = {
  "content-type": "application/json; charset=utf-8",
  "content-length": body.length,
  "retry-after": String(retryAfter),
};
const lastHeaders = { ...headers, connection: "close" };
