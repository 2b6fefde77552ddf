/** Files and folders, read so that whatever stands in the way is one line that names the path. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { fail } from "../../src/ir/error.ts";

/** What a folder holds, hidden entries left out: names, in an order that depends on no locale. */
export interface Folder {
  readonly files: readonly string[];
  readonly folders: readonly string[];
}

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
