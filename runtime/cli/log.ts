/** The log of a service: a line of JSON for each event on standard output. */
import { writeSync } from "node:fs";
import { type Logger, pino } from "pino";

/**
 * Bytes of lines that are written together, half of what a pipe holds: of more, a part would wait in every write. And
 * how long a line waits for others, in milliseconds.
 */
const MANY = 2 ** 15;
const DELAY = 100;

/** Bytes that a unit of a string takes at most, as UTF-8. */
const WIDEST = 3;

/** Bytes that wait for whoever reads the log; what comes beyond them is dropped, and counted. */
const MOST = 2 ** 22;

/** How long the end of the process waits for whoever reads the log, in milliseconds. */
const PATIENCE = 2000;

export interface ServiceLog {
  readonly logger: Logger;
  /** Says that the process is to end: what is not read soon is not waited for any more. */
  readonly end: () => void;
}

/** A pino that writes many lines at once: a write for each would take twice as long as all else that a line costs. */
export function serviceLog(level: string): ServiceLog {
  const lines = Buffer.alloc(MANY);
  let used = 0;
  let timer: NodeJS.Timeout | undefined;
  let dropped = 0;
  let isBroken = false;
  let patience = Number.POSITIVE_INFINITY;
  const end = () => {
    patience = Math.min(patience, performance.now() + PATIENCE);
  };
  // Before pino's own, which would try for ever to write to a disk that is full.
  process.once("exit", () => {
    end();
    if (isBroken) return output.destroy();
    try {
      output.flushSync();
      writeUntil(patience, lines.subarray(0, used));
    } catch {
      // Nobody reads them any more, or not in time.
      output.destroy();
    }
  });
  // What reads them may be slow, or stop: the service does not wait for it.
  const output = pino.destination({
    sync: false,
    maxLength: MOST,
    retryEAGAIN: () => performance.now() < patience,
  });
  output.on("drop", (some: string) => {
    dropped += some.split("\n").length - 1;
    // Nothing else tries again to write what waits.
    if (isBroken) output.write("");
  });
  // A disk that is full, for one: the service goes on, and the log when there is room again.
  output.on("error", () => {
    isBroken = true;
  });
  output.on("write", () => {
    isBroken = false;
  });
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    output.write(lines.toString("utf8", 0, used));
    used = 0;
  };
  const log = pino(
    { level },
    {
      write(line: string) {
        const most = WIDEST * line.length;
        if (used > 0 && used + most > MANY) flush();
        if (most > MANY) {
          output.write(line);
          return;
        }
        // At once, while it is in the cache: strings that wait for each other are slow to put together.
        used += lines.write(line, used);
        timer ??= setTimeout(flush, DELAY).unref();
      },
    },
  );
  output.on("drain", () => {
    if (dropped === 0) return;
    const count = dropped;
    dropped = 0;
    log.warn({ dropped: count }, "lines of the log were dropped: nobody read them in time");
  });
  return { logger: log, end };
}

/** Writes all of it, also into a pipe that is full for the moment; throws where it can't be, or not by then. */
function writeUntil(then: number, text: Buffer): void {
  const nobody = new Int32Array(new SharedArrayBuffer(4));
  for (let left = text; left.length > 0; ) {
    try {
      left = left.subarray(writeSync(process.stdout.fd, left));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN" || performance.now() > then) throw error;
      Atomics.wait(nobody, 0, 0, 10);
    }
  }
}
