/** Runs in what a browser stores for a page: its Origin Private File System, which no other page sees. */
import { fail, IsthmusError } from "../../src/ir/error.ts";
import type { Files } from "../files.ts";

/** Begins the creation of a folder and is removed at its end, so that what a closed tab left half-made is no folder. */
const MAKING = ".making";

/** What browsers say where a page may keep nothing, as in some private windows. */
const NOWHERE = "SecurityError";

/** That nothing more can be written: until something is removed, or at all. */
export class StorageFull extends IsthmusError {}

/** Files by path in the Origin Private File System, in a page and in a worker; `remove` frees what a run takes. */
export const webFiles: Files & { readonly remove: (path: string) => Promise<void> } = {
  exists: async (path) => {
    try {
      // What was never written to its end is there as an empty file.
      const file = await (await fileAt(path)).getFile();
      return file.size > 0;
    } catch {
      return folderAt(path).then(
        () => true,
        () => false,
      );
    }
  },
  read: async (path) => {
    try {
      const file = await (await fileAt(path)).getFile();
      return new Uint8Array(await file.arrayBuffer());
    } catch (error) {
      return unreadable(path, error);
    }
  },
  write,
  list: async (path) => {
    try {
      const names = (await entriesOf(await folderAt(path))).map(([name]) => name);
      return names.includes(MAKING) ? [] : names.sort();
    } catch (error) {
      if (["NotFoundError", NOWHERE].includes(nameOf(error) ?? "")) return [];
      return unreadable(path, error);
    }
  },
  create: async (path, files) => {
    try {
      await write(`${path}/${MAKING}`, "");
      for (const [name, content] of Object.entries(files)) await write(`${path}/${name}`, content);
      await (await folderAt(path)).removeEntry(MAKING);
    } catch (error) {
      await remove(path).catch(() => {});
      if (error instanceof IsthmusError) throw error;
      unwritable(path, error);
    }
  },
  sizes: async (path) => {
    try {
      return await sizesIn(await folderAt(path), "");
    } catch (error) {
      return unreadable(path, error);
    }
  },
  // A file that was being written keeps its content of before; the browser clears away the rest.
  removeLeftovers: async (path) => {
    await (await folderAt(path)).removeEntry(MAKING).catch(() => {});
  },
  remove,
};

/** A stream's content replaces the file's when it is closed, and not before. */
async function write(path: string, content: Uint8Array | string): Promise<void> {
  try {
    const stream = await (await fileAt(path, true)).createWritable();
    try {
      await stream.write(content as Uint8Array<ArrayBuffer> | string);
      await stream.close();
    } catch (error) {
      await stream.abort().catch(() => {});
      throw error;
    }
  } catch (error) {
    unwritable(path, error);
  }
}

async function remove(path: string): Promise<void> {
  try {
    const [folder, name] = apart(path);
    await (await folderAt(folder)).removeEntry(name, { recursive: true });
  } catch (error) {
    if (nameOf(error) !== "NotFoundError") unwritable(path, error);
  }
}

async function sizesIn(folder: FileSystemDirectoryHandle, prefix: string): ReturnType<Files["sizes"]> {
  const sized = (await entriesOf(folder)).map(async ([name, handle]) =>
    handle.kind === "directory"
      ? sizesIn(handle as FileSystemDirectoryHandle, `${prefix}${name}/`)
      : [{ name: `${prefix}${name}`, bytes: (await (handle as FileSystemFileHandle).getFile()).size }],
  );
  return (await Promise.all(sized)).flat();
}

async function entriesOf(folder: FileSystemDirectoryHandle): Promise<[string, FileSystemHandle][]> {
  const entries: [string, FileSystemHandle][] = [];
  for await (const entry of folder.entries()) entries.push(entry);
  return entries;
}

async function fileAt(path: string, create = false): Promise<FileSystemFileHandle> {
  const [folder, name] = apart(path);
  return (await folderAt(folder, create)).getFileHandle(name, { create });
}

async function folderAt(path: string, create = false): Promise<FileSystemDirectoryHandle> {
  // Only secure pages have storage: those of https, and of the machine itself.
  if (!("storage" in navigator)) throw new DOMException("there is no storage", NOWHERE);
  let folder = await navigator.storage.getDirectory();
  for (const name of path.split("/"))
    if (name !== "") folder = await folder.getDirectoryHandle(name, { create });
  return folder;
}

/** The folder of a path, and its last part. */
function apart(path: string): readonly [folder: string, name: string] {
  const at = path.lastIndexOf("/");
  return [path.slice(0, Math.max(0, at)), path.slice(at + 1)];
}

function nameOf(error: unknown): string | undefined {
  return error instanceof DOMException ? error.name : undefined;
}

function unreadable(path: string, error: unknown): never {
  const name = nameOf(error);
  if (name === "NotFoundError") fail(path, "does not exist");
  if (name === "TypeMismatchError")
    fail(path, "is not of this kind: a file for a folder, or the other way round");
  if (name !== undefined) fail(path, `can't be read (${name})`);
  throw error;
}

function unwritable(path: string, error: unknown): never {
  const name = nameOf(error);
  if (name === "QuotaExceededError")
    throw new StorageFull(`${path}: can't be written: what the browser stores for this page is full`);
  if (name === "TypeMismatchError") fail(path, "can't be written: part of its path is a file");
  if (name === "NoModificationAllowedError") fail(path, "can't be written: another tab is writing it");
  if (name === NOWHERE)
    throw new StorageFull(`${path}: can't be written: the browser keeps no files for this page`);
  if (name !== undefined) fail(path, `can't be written (${name})`);
  throw error;
}
