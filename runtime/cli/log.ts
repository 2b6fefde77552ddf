/** The log of a service: a line of JSON for each event on standard output. */
import { writeSync } from "node:fs";
import { type Logger, pino } from "pino";

/** Lines that are written together at most, and how long one waits for others, in milliseconds. */
const LINES = 64;
const DELAY = 100;

/** Characters that wait for whoever reads the log; what comes beyond them is dropped, and counted. */
const MOST = 2 ** 22;

/** A pino that writes many lines at once: a write for each would take twice as long as all else that a line costs. */
export function serviceLog(level: string): Logger {
  let lines: string[] = [];
  let timer: NodeJS.Timeout | undefined;
  let dropped = 0;
  let isBroken = false;
  // Before pino's own, which would try for ever to write to a disk that is full.
  process.once("exit", () => {
    if (isBroken) return output.destroy();
    output.flushSync();
    try {
      writeSync(process.stdout.fd, lines.join(""));
    } catch {
      // Nobody reads them any more.
    }
  });
  // What reads them may be slow, or stop: the service does not wait for it.
  const output = pino.destination({ sync: false, maxLength: MOST });
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
    output.write(lines.join(""));
    lines = [];
  };
  const log = pino(
    { level },
    {
      write(line: string) {
        if (lines.push(line) >= LINES) flush();
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
