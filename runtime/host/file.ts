/** Files and folders, read so that whatever stands in the way is one line that names the path. */
import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fail } from "../../src/ir/error.ts";

/** What a folder holds, hidden entries left out: names, in an order that depends on no locale. */
export interface Folder {
  readonly files: readonly string[];
  readonly folders: readonly string[];
}

/** The most bytes of a model, a checkpoint or a table of codes: protobuf messages and FlatBuffers end here. */
export const LARGEST_FILE = 2 ** 31;

/** All bytes of a file. Throws where it can't be read or is longer than `limit` bytes. */
export async function readBytes(path: string, limit: number, signal?: AbortSignal): Promise<Uint8Array> {
  signal?.throwIfAborted();
  try {
    const { size } = await stat(path);
    if (size > limit) fail(path, `is too large: ${size} bytes, and at most ${limit} are read`);
    const { buffer, byteOffset, length } = await readFile(path, { signal });
    return new Uint8Array(buffer, byteOffset, length);
  } catch (error) {
    return unreadable(path, error);
  }
}

/** The files and folders in a folder; links count as what they lead to. Throws where it can't be read. */
export async function listFolder(path: string): Promise<Folder> {
  const files: string[] = [];
  const folders: string[] = [];
  const entries = await readdir(path, { withFileTypes: true }).catch((error) => unreadable(path, error));
  for (const entry of entries) {
    if (entry.name.startsWith(".")) continue;
    const target = join(path, entry.name);
    const kind = entry.isSymbolicLink()
      ? await stat(target).catch((error) => unreadable(target, error))
      : entry;
    if (kind.isDirectory()) folders.push(entry.name);
    else if (kind.isFile()) files.push(entry.name);
  }
  return { files: files.sort(), folders: folders.sort() };
}

/** How many temporary names there were. */
let temporaries = 0;

/**
 * Writes a file whole or not at all: to a temporary name beside it, through to the disk, then renamed. Throws one line
 * where that fails; what was there before is then untouched.
 */
export async function writeWhole(path: string, content: Uint8Array | string): Promise<void> {
  const temporary = temporaryName(path);
  try {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(temporary, "w");
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    // Where there is no such folder there is nothing to remove either.
    await rm(temporary, { force: true }).catch(() => {});
    unwritable(path, error);
  }
}

/** Where this process puts together what will be renamed to `path`, each time elsewhere. */
export function temporaryName(path: string): string {
  return `${path}.${temporaries++}.${process.pid}.tmp`;
}

/**
 * Removes what a killed process was putting together in a folder: temporary names that begin with `prefix`, unless the
 * process that they name is another that is still there. One number may be of two, on machines that share a folder:
 * only what was written to `age` milliseconds ago or before is removed.
 */
export async function removeLeftovers(folder: string, prefix = "", age = 0): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const [, pid] = /\.(\d+)\.tmp$/.exec(name) ?? [];
    if (pid === undefined || !name.startsWith(prefix) || isAnother(Number(pid))) continue;
    const path = join(folder, name);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: 0 }));
    if (age > 0 && Date.now() - mtimeMs < age) continue;
    await rm(path, { recursive: true, force: true });
  }
}

/** Whether a process other than this one has the id. */
function isAnother(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Whether there is something at a path. */
export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Turns an error of writing into one line; passes every other error on. */
export function unwritable(path: string, error: unknown): never {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOSPC" || code === "EDQUOT") fail(path, "can't be written: the disk is full");
  if (code === "EFBIG") fail(path, "can't be written: it would be larger than files may be here");
  if (code === "EACCES" || code === "EPERM" || code === "EROFS") fail(path, "may not be written");
  if (code === "ENOTDIR" || code === "EEXIST") fail(path, "can't be written: part of its path is a file");
  if (typeof code === "string") fail(path, `can't be written (${code})`);
  throw error;
}

/** Turns an error of the file system into one line; passes every other error on. */
export function unreadable(path: string, error: unknown): never {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT") fail(path, "does not exist");
  if (code === "EACCES" || code === "EPERM") fail(path, "may not be read");
  if (code === "ENOTDIR") fail(path, "is not a folder");
  if (code === "EISDIR") fail(path, "is a folder, not a file");
  if (typeof code === "string" && code !== "ABORT_ERR") fail(path, `can't be read (${code})`);
  throw error;
}
