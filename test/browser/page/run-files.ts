/** In a page: runs in the Origin Private File System, with deaths in the middle of their files. */
import type { ModelInput } from "../../../graphs/families.ts";
import { digits, RunDirectory, train, webFiles, webHost } from "../../../runtime/web.ts";

const host = webHost({ wasmPaths: "/ort/" });
const data = digits({ limit: 140, validation: 20, test: 20 });
const model: ModelInput = { family: "vae", image: data.image, hidden: [8], latent: 2 };

async function finish(out: string): Promise<void> {
  const options = { batch: 32, epochs: 2, seed: 1, out, resume: true, device: "wasm" as const };
  for await (const _ of train(model, data, options, host));
}

/** Trains to the end; returns how many files were written on the way. */
export async function trainWhole(out: string): Promise<number> {
  let written = 0;
  await intercepting(
    async () => {
      written++;
    },
    () => finish(out),
  );
  return written;
}

/** Trains until file `at` (from 1) is half written, and nothing happens any more, as in a tab that is closed; the page is to be loaded again then. */
export async function dieAt(out: string, at: number): Promise<void> {
  let written = 0;
  await new Promise<void>((resolve, reject) => {
    const die = async () => {
      if (++written < at) return;
      resolve();
      await new Promise(() => {});
    };
    intercepting(die, () => finish(out)).catch(reject);
  });
}

const { close } = FileSystemWritableFileStream.prototype;

/** Does some work while every file's closing, which is what puts it in place, waits for `before`. */
async function intercepting(before: () => Promise<void>, work: () => Promise<void>): Promise<void> {
  FileSystemWritableFileStream.prototype.close = async function () {
    await before();
    await close.call(this);
  };
  try {
    await work();
  } finally {
    FileSystemWritableFileStream.prototype.close = close;
  }
}

/** Whether there is a run; throws where it can't be read. */
export async function isWhole(out: string): Promise<boolean> {
  if (!(await RunDirectory.isAt(out, webFiles))) return false;
  const run = await RunDirectory.open(out, webFiles);
  await run.readConfig();
  await run.readCheckpoint();
  await run.readMetrics();
  return true;
}

/** Every file of a run by name; numbers that depend on the clock are left out of those that have any. */
export async function outcome(out: string): Promise<Readonly<Record<string, string>>> {
  const entries = (await webFiles.sizes(out)).map(async ({ name }) => {
    const bytes = await webFiles.read(`${out}/${name}`);
    const text = new TextDecoder("latin1").decode(bytes);
    const timeless = text.replace(/"(seconds|imagesPerSecond|millisecondsPerStep)": ?[\d.e+-]+/g, "$1");
    return [name, name.includes("json") ? timeless : text] as const;
  });
  return Object.fromEntries((await Promise.all(entries)).sort());
}

/** What creating a run says where there is one. */
export async function beginAgain(out: string): Promise<string> {
  const run = train(model, data, { epochs: 1, batch: 32, out, device: "wasm" }, host);
  try {
    for await (const _ of run);
  } catch (error) {
    return (error as Error).message;
  }
  return "no error";
}
