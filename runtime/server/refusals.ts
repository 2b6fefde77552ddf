/** Refusals of requests that there is no room for: when they are sent, and what is told of them. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { type EventLoopUtilization, performance } from "node:perf_hooks";
import { errorAnswer } from "./answer.ts";
import { overloaded } from "./error.ts";

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

/**
 * Sends refusals at once where the models are what is busy. Where it is this thread, which reads and writes all
 * requests, they wait for their turn: a client that asks again as soon as it is refused costs less then, and what is
 * saved goes into answers.
 */
export class Refusals {
  #held: ServerResponse[] = [];
  #sender: NodeJS.Timeout | undefined;
  #looked = Number.NEGATIVE_INFINITY;
  #use: EventLoopUtilization = performance.eventLoopUtilization();
  #wasBusy = false;
  #untold = 0;
  readonly #isClosing: () => boolean;
  readonly #tell: (refused: number) => void;

  /**
   * @param isClosing whether the server is ending: then all go out, and connections are closed
   * @param tell is told how many were refused, once a second at most: a line for each would cost as much as the refusal
   */
  constructor(isClosing: () => boolean, tell: (refused: number) => void) {
    this.#isClosing = isClosing;
    this.#tell = tell;
  }

  /** How many wait for their turn. */
  get held(): number {
    return this.#held.length;
  }

  add(request: IncomingMessage, response: ServerResponse): void {
    // Its body is not waited for.
    request.resume();
    if (this.#untold++ === 0) this.#tellSoon();
    if (this.#held.length === 0 && !this.#isBusy()) {
      this.#refuse(response);
      return;
    }
    this.#held.push(response);
    if (this.#held.length > MANY) this.#send(1);
    this.#sender ??= setInterval(() => this.#turn(), TURN);
  }

  #tellSoon(): void {
    // The end of the process waits for it.
    setTimeout(() => {
      this.#tell(this.#untold);
      this.#untold = 0;
    }, INTERVAL);
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
    response.writeHead(status, this.#isClosing() ? last : all).end(body);
  }
}

const { status, headers, body } = errorAnswer(overloaded(), () => {});
const all = { ...headers, "content-length": Buffer.byteLength(body) };
const last = { ...all, connection: "close" };
