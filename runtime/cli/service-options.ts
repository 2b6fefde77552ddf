/** What `isthmus serve` can be told. */
import { type Command, Option } from "commander";
import { threads } from "./options.ts";
import { another, atLeast, least } from "./usage.ts";

/** The command with the options of a service: where it listens, what it runs and keeps waiting, whom it answers. */
export function withServiceOptions(command: Command): Command {
  return command
    .option("--host <address>", "where to listen", "127.0.0.1")
    .option("--port <n>", "0 for any that is free", atLeast(0, 65535), 8080)
    .option(
      "--workers <n>",
      "threads that run models (default: one less than there are cores, divided by --threads, at most 8)",
      atLeast(1, 256),
    )
    .addOption(threads("threads of ONNX Runtime in each worker (default: what cores there are for it)"))
    .option("--max-batch <rows>", "rows that run together at most", atLeast(1), 32)
    .option("--max-delay-ms <ms>", "how long a request waits for others to run with", least(0), 2)
    .option("--max-queue <n>", "requests that wait at most; more are answered with 503", atLeast(1), 256)
    .option(
      "--max-backlog-ms <ms>",
      "how old requests may be behind which others wait; then new ones are answered with 503",
      least(0),
      5,
    )
    .option("--timeout-ms <ms>", "how long a request may take", atLeast(1, 2 ** 31 - 1), 30_000)
    .option("--max-body-mb <n>", "largest body of a request", least(0.001), 16)
    .option(
      "--max-elements <n>",
      "elements of a request's inputs at most, and of its outputs; an eighth of it of outputs in JSON",
      atLeast(1),
      2 ** 24,
    )
    .option(
      "--max-images <n>",
      "images or codes of a request to /encode and the like at most",
      atLeast(1),
      256,
    )
    .option("--max-pixels <n>", "pixels of a picture that is sent at most", atLeast(1), 2 ** 24)
    .option(
      "--watch-ms <ms>",
      "how often to look for changed files; 0 for never",
      atLeast(0, 2 ** 31 - 1),
      1000,
    )
    .option(
      "--token-file <file>",
      "holds a bearer token that clients have to send (or the variable ISTHMUS_TOKEN)",
    )
    .option("--cors <origin>", "an origin whose pages may ask, * for all; again for more", another)
    .addOption(
      new Option("--log-level <name>", "what to log, as JSON on standard output")
        .choices(["debug", "info", "warn", "error", "silent"])
        .default("info"),
    );
}
