/** A client that costs little: ready-made requests over keep-alive sockets, and of the answers the status and the length. */
import { connect, type Socket } from "node:net";
import { performance } from "node:perf_hooks";

/** What came of a load. */
export interface Outcome {
  /** For how long it was asked: rates are of what was asked then, whenever it was answered. */
  readonly seconds: number;
  /** Milliseconds from sending to the last byte of every answer 200, in ascending order. */
  readonly answered: Float64Array;
  /** Answers 503. */
  readonly refused: number;
  /** All else: other answers, and connections that broke. */
  readonly failed: number;
  /** Requests that were due while every connection waited for an answer; of an open load only. */
  readonly unsent: number;
}

/** The bytes of `POST path` with a body. */
export function post(path: string, headers: Readonly<Record<string, string>>, body: Uint8Array): Buffer {
  const all = { host: "127.0.0.1", ...headers, "content-length": String(body.length) };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`POST ${path} HTTP/1.1\r\n${lines.join("")}\r\n`), body]);
}

/** Answers per second. */
export function pace({ answered, seconds }: Outcome): number {
  return answered.length / seconds;
}

/** A quantile of the answers' latency in milliseconds. */
export function latency({ answered }: Outcome, quantile: number): number {
  return answered[Math.min(answered.length - 1, Math.floor(quantile * answered.length))] ?? Number.NaN;
}

interface Target {
  readonly port: number;
  readonly request: Buffer;
  readonly seconds: number;
}

/** Every connection sends its next request when it has the answer to the one before. */
export async function closedLoad(target: Target & { readonly connections: number }): Promise<Outcome> {
  const tally = new Tally();
  let end = Number.POSITIVE_INFINITY;
  const again = (connection: Connection) => {
    if (performance.now() < end) connection.send();
  };
  const connections = await openAll(target, target.connections, tally, again);
  end = performance.now() + target.seconds * 1000;
  for (const connection of connections) connection.send();
  await idle(connections, tally, end);
  return tally.outcome(target.seconds);
}

/** Requests come at a rate, whatever becomes of those before them, as those of many independent clients do. */
export async function openLoad(
  target: Target & { readonly rate: number; readonly connections: number },
): Promise<Outcome> {
  const tally = new Tally();
  const free: Connection[] = [];
  const connections = await openAll(target, target.connections, tally, (connection) => free.push(connection));
  free.push(...connections);
  const start = performance.now();
  await new Promise<void>((resolve) => {
    let due = 0;
    const tick = setInterval(() => {
      const seconds = Math.min(target.seconds, (performance.now() - start) / 1000);
      for (; due < seconds * target.rate; due++) {
        const connection = free.pop();
        if (connection === undefined) tally.unsent++;
        else connection.send();
      }
      if (seconds < target.seconds) return;
      clearInterval(tick);
      resolve();
    }, 1);
  });
  await idle(connections, tally, performance.now());
  return tally.outcome(target.seconds);
}

class Tally {
  readonly #answered: number[] = [];
  refused = 0;
  failed = 0;
  unsent = 0;

  count(status: number, milliseconds: number): void {
    if (status === 200) this.#answered.push(milliseconds);
    else if (status === 503) this.refused++;
    else this.failed++;
  }

  outcome(seconds: number): Outcome {
    const { refused, failed, unsent } = this;
    return { seconds, answered: Float64Array.from(this.#answered).sort(), refused, failed, unsent };
  }
}

/** What any connection reads, until it has looked at it. */
const chunk = Buffer.alloc(2 ** 16);

/** One socket, which has one request under way at most and is opened anew where the server closes it. */
class Connection {
  readonly #target: Target;
  readonly #tally: Tally;
  readonly #free: (connection: Connection) => void;
  #socket: Socket | undefined;
  #sent = 0;
  #status = 0;
  /** Bytes of the answer that are still to come. */
  #left = 0;
  #isLast = false;
  isBusy = false;

  constructor(target: Target, tally: Tally, free: (connection: Connection) => void) {
    this.#target = target;
    this.#tally = tally;
    this.#free = free;
  }

  async open(): Promise<this> {
    // As a stream each piece would have memory of its own: the client would take more of what it measures.
    const callback = (bytes: number) => {
      this.#read(chunk.subarray(0, bytes));
      return true;
    };
    const onread = { buffer: chunk, callback };
    const socket = connect({ port: this.#target.port, host: "127.0.0.1", noDelay: true, onread });
    await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    this.#socket = socket;
    socket.once("close", () => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      if (this.isBusy) this.#done(0);
    });
    return this;
  }

  send(): void {
    this.isBusy = true;
    this.#sent = performance.now();
    if (this.#socket !== undefined) this.#socket.write(this.#target.request);
    else
      this.open().then(
        () => this.#socket?.write(this.#target.request),
        () => this.#done(0),
      );
  }

  close(): void {
    this.#socket?.destroy();
  }

  #read(piece: Buffer): void {
    if (this.#left === 0) {
      // The head comes in one piece from servers that write it at once, as ours do.
      const end = piece.indexOf("\r\n\r\n");
      const head = piece.toString("latin1", 0, end);
      this.#status = Number(head.slice(9, 12));
      this.#isLast = /^connection: close/im.test(head);
      this.#left = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0) + end + 4;
    }
    this.#left -= piece.length;
    if (this.#left > 0) return;
    this.#left = 0;
    if (this.#isLast) {
      this.#socket?.destroy();
      this.#socket = undefined;
    }
    this.#done(this.#status);
  }

  #done(status: number): void {
    this.isBusy = false;
    this.#tally.count(status, performance.now() - this.#sent);
    this.#free(this);
  }
}

function openAll(
  target: Target,
  count: number,
  tally: Tally,
  free: (connection: Connection) => void,
): Promise<Connection[]> {
  return Promise.all(Array.from({ length: count }, () => new Connection(target, tally, free).open()));
}

/** Waits for the last answers, until ten seconds after the end of the load, and closes; what is not answered by then has failed. */
async function idle(connections: readonly Connection[], tally: Tally, end: number): Promise<void> {
  const until = end + 10_000;
  while (connections.some(({ isBusy }) => isBusy) && performance.now() < until)
    await new Promise((resolve) => setTimeout(resolve, 5));
  for (const { isBusy } of connections) if (isBusy) tally.count(0, 0);
  for (const connection of connections) connection.close();
}
