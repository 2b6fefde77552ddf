/** Runs on a disk: what is written is put together under another name and renamed. */
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { IsthmusError } from "../../src/ir/error.ts";
import type { Files } from "../files.ts";
import {
  exists,
  readBytes,
  removeLeftovers,
  temporaryName,
  unreadable,
  unwritable,
  writeWhole,
} from "./file.ts";

/** Larger than any checkpoint that fits in memory twice. */
const LARGEST = 2 ** 34;

/** Runs in folders of the disk; errors are one line that begins with the path. */
export const nodeFiles: Files = {
  exists,
  read: (path) => readBytes(path, LARGEST),
  write: writeWhole,
  list: (path) =>
    readdir(path).catch((error): string[] => (error.code === "ENOENT" ? [] : unreadable(path, error))),
  create: async (path, files) => {
    const parent = dirname(resolve(path));
    const making = temporaryName(join(parent, `.${basename(path)}`));
    try {
      await mkdir(parent, { recursive: true });
      await removeLeftovers(parent, `.${basename(path)}.`);
      await mkdir(making);
      for (const [name, content] of Object.entries(files)) await writeWhole(join(making, name), content);
      await rename(making, path);
    } catch (error) {
      await rm(making, { recursive: true, force: true }).catch(() => {});
      if (error instanceof IsthmusError) throw new IsthmusError(error.message.replace(making, path));
      unwritable(path, error);
    }
  },
  sizes: async (path) => {
    const entries = await readdir(path, { recursive: true, withFileTypes: true });
    const names = entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    const sized = names.map(async (file) => ({
      name: file.slice(join(path, "/").length),
      bytes: (await stat(file)).size,
    }));
    return Promise.all(sized);
  },
  removeLeftovers: async (path) => {
    for (const folder of [path, join(path, "pictures")]) await removeLeftovers(folder);
  },
};
