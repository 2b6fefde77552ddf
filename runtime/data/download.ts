/** Downloads files once: each is kept in a folder, known by its SHA-256, and fetched from the first mirror that has it. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { fail, IsthmusError } from "../../src/ir/error.ts";
import { removeLeftovers, writeWhole } from "../host/file.ts";
import { gunzip } from "./gunzip.ts";

/** Nobody writes a file for longer, in milliseconds: others of this process, or on machines that share it, may do so now. */
const LEFT = 600_000;

/** How long one file may take from one mirror, in milliseconds, where nobody says. */
const TIMEOUT = 120_000;

export interface DownloadOptions {
  /** The addresses of folders that hold the files gzipped, tried in turn. */
  readonly mirrors: readonly string[];
  /** How long one file may take from one mirror, in milliseconds. */
  readonly timeout?: number | undefined;
  /** Told after each file that is there. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Sees to it that `folder` holds every file of `digests` (its name, and the SHA-256 of its bytes): a file that is
 * missing or has other bytes is downloaded as `<mirror><name>.gz` and unpacked.
 *
 * Throws, naming the file, where no mirror has it or it can't be written.
 */
export async function fetchOnce(
  folder: string,
  digests: Readonly<Record<string, string>>,
  options: DownloadOptions,
): Promise<void> {
  const files = Object.entries(digests);
  for (const [i, [name, digest]] of files.entries()) {
    const path = join(folder, name);
    if ((await digestOfFile(path)) !== digest) {
      await removeLeftovers(folder, `${name}.`, LEFT);
      await writeWhole(path, await download(name, digest, options));
    }
    options.onProgress?.(i + 1, files.length);
  }
}

/** The SHA-256 of a file, or null where it can't be read. */
async function digestOfFile(path: string): Promise<string | null> {
  const hash = createHash("sha256");
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk);
  } catch {
    return null;
  }
  return hash.digest("hex");
}

/** The unpacked bytes of one file, from the first mirror that has it as it should be. */
async function download(name: string, digest: string, options: DownloadOptions): Promise<Uint8Array> {
  const failures: string[] = [];
  for (const mirror of options.mirrors) {
    const address = `${mirror}${name}.gz`;
    try {
      const unpacked = await gunzip(await fetchBytes(address, options), address);
      if (createHash("sha256").update(unpacked).digest("hex") === digest) return unpacked;
      failures.push(`${address}: has another SHA-256`);
    } catch (error) {
      options.signal?.throwIfAborted();
      failures.push(error instanceof IsthmusError ? error.message : `${address}: ${reasonOf(error)}`);
    }
  }
  return fail(name, `no mirror has it (${failures.join("; ")})`);
}

async function fetchBytes(address: string, { timeout, signal }: DownloadOptions): Promise<Uint8Array> {
  const limits = [AbortSignal.timeout(timeout ?? TIMEOUT), ...(signal === undefined ? [] : [signal])];
  const response = await fetch(address, { signal: AbortSignal.any(limits) });
  if (!response.ok) fail(address, `HTTP status ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** What went wrong in a `fetch`, whose own message hides it in `cause`. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  if (!(cause instanceof Error)) return String(cause);
  return cause.message || ("code" in cause ? String(cause.code) : cause.name);
}
