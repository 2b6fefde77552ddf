/** The log of a service: a line of JSON for each event on standard output. */
import { writeSync } from "node:fs";
import { type Logger, pino } from "pino";

/** Characters after which lines are written together, and how long one waits for others, in milliseconds. */
const MANY = 2 ** 16;
const DELAY = 100;

/** Characters that wait for whoever reads the log; what comes beyond them is dropped, and counted. */
const MOST = 2 ** 22;

/** How long the end of the process waits for whoever reads the log, in milliseconds. */
const PATIENCE = 2000;

/** A pino that writes many lines at once: a write for each would take twice as long as all else that a line costs. */
export function serviceLog(level: string): Logger {
  let lines = "";
  let timer: NodeJS.Timeout | undefined;
  let dropped = 0;
  let isBroken = false;
  let end = Number.POSITIVE_INFINITY;
  // Before pino's own, which would try for ever to write to a disk that is full.
  process.once("exit", () => {
    end = performance.now() + PATIENCE;
    if (isBroken) return output.destroy();
    try {
      output.flushSync();
      writeUntil(end, lines);
    } catch {
      // Nobody reads them any more, or not in time.
      output.destroy();
    }
  });
  // What reads them may be slow, or stop: the service does not wait for it.
  const output = pino.destination({
    sync: false,
    maxLength: MOST,
    maxWrite: 2 * MANY,
    retryEAGAIN: () => performance.now() < end,
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
    output.write(lines);
    lines = "";
  };
  const log = pino(
    { level },
    {
      write(line: string) {
        lines += line;
        if (lines.length >= MANY) flush();
        else timer ??= setTimeout(flush, DELAY).unref();
      },
    },
  );
  output.on("drain", () => {
    if (dropped === 0) return;
    const count = dropped;
    dropped = 0;
    log.warn({ dropped: count }, "lines of the log were dropped: nobody read them in time");
  });
  return log;
}

/** Writes all of a text, also into a pipe that is full for the moment; throws where it can't be, or not until `end`. */
function writeUntil(end: number, text: string): void {
  const nobody = new Int32Array(new SharedArrayBuffer(4));
  for (let left = Buffer.from(text); left.length > 0; ) {
    try {
      left = left.subarray(writeSync(process.stdout.fd, left));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN" || performance.now() > end) throw error;
      Atomics.wait(nobody, 0, 0, 10);
    }
  }
}
