/** Files that go on in memory where the browser's storage is full. */
import type { Files } from "../../files.ts";
import { StorageFull } from "../../host/web-files.ts";

/** The same files; `tell` is called when first one can't be stored. What is held in memory is gone with the page. */
export function overflowing(files: Files, tell: (message: string) => void): Files {
  const held = new Map<string, Uint8Array>();
  const hold = (path: string, content: Uint8Array | string, error: unknown) => {
    if (!(error instanceof StorageFull)) throw error;
    if (held.size === 0) tell(error.message);
    held.set(path, typeof content === "string" ? new TextEncoder().encode(content) : content);
  };
  const under = (path: string) =>
    [...held].flatMap(([file, { length }]) =>
      file.startsWith(`${path}/`) ? [{ name: file.slice(path.length + 1), bytes: length }] : [],
    );
  const write: Files["write"] = async (path, content) => {
    try {
      await files.write(path, content);
      held.delete(path);
    } catch (error) {
      hold(path, content, error);
    }
  };
  return {
    exists: async (path) => held.has(path) || under(path).length > 0 || (await files.exists(path)),
    read: async (path) => held.get(path) ?? files.read(path),
    write,
    list: async (path) => [
      ...new Set([...(await files.list(path)), ...under(path).map(({ name }) => name.split("/")[0]!)]),
    ],
    create: async (path, contents) => {
      try {
        await files.create(path, contents);
      } catch (error) {
        for (const [name, content] of Object.entries(contents)) hold(`${path}/${name}`, content, error);
      }
    },
    sizes: async (path) => {
      const inMemory = under(path);
      const names = new Set(inMemory.map(({ name }) => name));
      const stored = (await files.exists(path)) ? await files.sizes(path) : [];
      return [...stored.filter(({ name }) => !names.has(name)), ...inMemory];
    },
    removeLeftovers: async (path) => {
      if (await files.exists(path)) await files.removeLeftovers(path);
    },
  };
}
