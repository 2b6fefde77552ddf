/** The page as it is shipped: built by Vite with two models, and served, for a browser to open. */
import { copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { build, preview } from "vite";
import { digits, presets, train } from "../../runtime/node.ts";
import { findChromium, flags } from "./chromium.ts";

const config = fileURLToPath(new URL("../../runtime/browser/vite.config.ts", import.meta.url));

/** A site that is served, in a browser of its own. */
export interface Site {
  readonly browser: Browser;
  /** Its address, with a slash at the end. */
  readonly address: string;
  /** The folder of its files. */
  readonly folder: string;
  readonly close: () => Promise<void>;
}

/** Builds the page with what is in `models` and serves it. Throws where there is no Chromium. */
export async function openSite(models: string): Promise<Site> {
  const { command, missing } = findChromium();
  if (command === undefined) throw new Error(missing);
  const folder = await mkdtemp(join(tmpdir(), "isthmus-site-"));
  const settings = { configFile: config, logLevel: "silent", publicDir: models } as const;
  await build({ ...settings, build: { outDir: folder } });
  const server = await preview({
    ...settings,
    build: { outDir: folder },
    preview: { port: 0, host: "127.0.0.1" },
  });
  const browser = await chromium.launch({ executablePath: command, args: flags });
  return {
    browser,
    address: server.resolvedUrls!.local[0]!,
    folder,
    close: async () => {
      await browser.close();
      await server.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** What a page has said and asked for that it should not. */
export interface Watched {
  readonly errors: readonly string[];
  /** Addresses of other origins. */
  readonly elsewhere: readonly string[];
}

/** Notes errors and requests to other origins from now on. */
export function watch(page: Page, address: string): Watched {
  const errors: string[] = [];
  const elsewhere: string[] = [];
  const { origin } = new URL(address);
  page.on("pageerror", (error) => errors.push(error.stack ?? error.message));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  page.context().on("request", (request) => {
    const { protocol, origin: asked } = new URL(request.url());
    if (protocol.startsWith("http") && asked !== origin) elsewhere.push(request.url());
  });
  return { errors, elsewhere };
}

/** Trains a VAE for a moment, and keeps its halves in a folder, as `make web-models` does. */
export async function trainSmall(folder: string, latent: number): Promise<void> {
  const data = await digits({ limit: 1000, validation: 100 });
  const model = presets.vae({ image: data.image, latent, hidden: [64] });
  const run = train(model, data, { epochs: 2, seed: 1, out: `${folder}-run`, report: false, threads: 1 });
  for await (const _ of run);
  await mkdir(folder, { recursive: true });
  for (const name of ["decoder.onnx", "encoder.onnx"])
    await copyFile(join(`${folder}-run`, name), join(folder, name));
  await rm(`${folder}-run`, { recursive: true });
}
