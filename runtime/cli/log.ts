/** The log of a service: a line of JSON for each event on standard output. */
import { writeSync } from "node:fs";
import { type Logger, pino } from "pino";

/** Lines that are written together at most, and how long one waits for others, in milliseconds. */
const LINES = 64;
const DELAY = 100;

/** A pino that writes many lines at once: a write for each would take twice as long as all else that a line costs. */
export function serviceLog(level: string): Logger {
  // What reads them may be slow: the service does not wait for it.
  const output = pino.destination({ sync: false });
  let lines: string[] = [];
  let timer: NodeJS.Timeout | undefined;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    output.write(lines.join(""));
    lines = [];
  };
  process.once("exit", () => {
    output.flushSync();
    try {
      writeSync(process.stdout.fd, lines.join(""));
    } catch {
      // Nobody reads them any more.
    }
  });
  return pino(
    { level },
    {
      write(line: string) {
        if (lines.push(line) >= LINES) flush();
        else timer ??= setTimeout(flush, DELAY).unref();
      },
    },
  );
}
