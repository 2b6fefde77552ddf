/** `isthmus serve` */
import { env, execArgv } from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import type { FastifyInstance } from "fastify";
import { fail } from "../../src/ir/error.ts";
import { readBytes } from "../host/file.ts";
import { inferenceServer } from "../server/listen.ts";
import { InferenceService } from "../server/service.ts";
import { serviceLog } from "./log.ts";
import { asked } from "./usage.ts";

interface Flags {
  readonly host: string;
  readonly port: number;
  readonly workers?: number;
  readonly threads?: number;
  readonly maxBatch: number;
  readonly maxDelayMs: number;
  readonly maxQueue: number;
  readonly maxBacklogMs: number;
  readonly timeoutMs: number;
  readonly maxBodyMb: number;
  readonly maxElements: number;
  readonly maxImages: number;
  readonly maxPixels: number;
  readonly watchMs: number;
  readonly tokenFile?: string;
  readonly cors?: readonly string[];
  readonly logLevel: string;
}

/**
 * How V8 collects garbage here, but for what it was told otherwise when it was started (measured with Node 20).
 *
 * The whole heap is collected again when it has grown by so many percent, as V8 has it where there is memory. But once
 * nothing was asked for some seconds it allows 30 %, and keeps to that under load: of the service's 20 MB this is less
 * than what requests under way take, and it would collect without end, at two thirds of the pace.
 *
 * What is new is collected by the thread that made it, alone. It copies what the requests under way hold, some 100 kB,
 * and V8 has four threads wake up to help it with that: they take their time from the workers, and the event loop waits
 * for them. On two cores requests were answered at 1.00 to 1.16 times the pace without them, 1.08 in the mean.
 *
 * What a request makes lives for some milliseconds, so that much of it may be alive when what is new is collected. V8
 * then takes all that is made at the same place for lasting, and puts it where only a collection of the whole heap frees
 * it, with all that it holds: from then on half a megabyte was copied each time instead of a tenth of that.
 */
const collection = [
  "--heap-growing-percent=300",
  "--no-parallel-scavenge",
  "--no-allocation-site-pretenuring",
];

/** Milliseconds before no more connections are taken: those that wait to be taken then are cut off by the system. */
const LULL = 100;

/** Serves models until it is told to end; then it answers what was asked before. */
export async function serveCommand(models: readonly string[], flags: Flags): Promise<void> {
  const given = execArgv.map(nameOf);
  for (const flag of collection) if (!given.includes(nameOf(flag))) setFlagsFromString(flag);
  const token = await asked(() => tokenOf(flags.tokenFile));
  const { logger, end } = serviceLog(flags.logLevel);
  const service = await asked(() =>
    InferenceService.open(models, {
      ...flags,
      maxDelay: flags.maxDelayMs,
      maxBacklog: flags.maxBacklogMs,
      timeout: flags.timeoutMs,
      watch: flags.watchMs,
      onEvent: ({ model, message, error }) =>
        logger[error === undefined ? "info" : "error"]({ model, err: error }, message),
    }),
  );
  const app = await inferenceServer({
    service,
    token,
    cors: flags.cors,
    maxImages: flags.maxImages,
    maxPixels: flags.maxPixels,
    bodyLimit: Math.round(flags.maxBodyMb * 2 ** 20),
    logger,
  });
  if (token === undefined && !/^(localhost|127\.[\d.]+|::1)$/.test(flags.host))
    logger.warn({ host: flags.host }, "no token is asked for: whoever reaches this address may use it");
  await asked(() => listenAt(app, flags));
  const signal = new Promise<string>((resolve) => {
    for (const name of ["SIGTERM", "SIGINT"] as const) process.once(name, () => resolve(name));
  });
  app.log.info({ signal: await signal }, "ending: what was asked is answered first");
  service.announceEnd();
  await sleep(LULL);
  await app.close();
  end();
}

/** Throws where nothing can listen at that address. */
async function listenAt(app: FastifyInstance, { host, port }: Flags): Promise<void> {
  await app.listen({ host, port }).catch(({ code, message }: NodeJS.ErrnoException) => {
    if (code === "EADDRINUSE") fail(`port ${port}`, "is in use: choose another one with --port");
    if (code === "EADDRNOTAVAIL") fail(host, "is no address of this machine");
    fail(`${host}:${port}`, `can't be listened at: ${message}`);
  });
}

/** What a flag of V8 is about: `parallel-scavenge` of `--no_parallel_scavenge`. */
function nameOf(flag: string): string {
  return flag.replaceAll("_", "-").replace(/^--(no-?)?|=.*$/g, "");
}

/** The bearer token: the first line of a file, or a variable; an argument could be seen by every user of the machine. */
async function tokenOf(file: string | undefined): Promise<string | undefined> {
  const text =
    file === undefined ? env.ISTHMUS_TOKEN : Buffer.from(await readBytes(file, 2 ** 16)).toString();
  if (text === undefined) return undefined;
  const token = text.trim();
  return /^\S+$/.test(token) ? token : fail(file ?? "ISTHMUS_TOKEN", "holds no token: one word was expected");
}
