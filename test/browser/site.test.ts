/** The page as it is shipped, from its first picture to an encoder in Node: explore, train, pause, take it home. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Encoder, nodeHost } from "../../runtime/node.ts";
import { findChromium } from "../support/chromium.ts";
import { digitPng } from "../support/pictures.ts";
import { openSite, type Site, trainSmall, type Watched, watch } from "../support/site.ts";

const { missing } = findChromium();
if (missing) console.info(`the page is not tested: ${missing}`);

describe.skipIf(missing !== undefined)("the page", () => {
  let folder: string;
  let site: Site;
  let context: BrowserContext;
  let page: Page;
  let watched: Watched;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "isthmus-page-"));
    await trainSmall(join(folder, "models", "digits-2d"), 2);
    site = await openSite(folder);
  }, 300_000);
  afterAll(async () => {
    await site?.close();
    await rm(folder, { recursive: true });
  });
  beforeEach(async () => {
    context = await site.browser.newContext();
    page = await context.newPage();
    watched = watch(page, site.address);
    await page.goto(site.address);
    return () => context.close();
  });

  /** Sets the form of a small training and starts it. */
  async function start(device: "WASM" | "WebGPU", epochs: number): Promise<void> {
    await page.getByRole("tab", { name: "Train" }).click();
    await page.getByLabel("Training images").fill("200");
    await page.getByLabel("Latent dimensions").fill("2");
    await page.getByLabel("Hidden units").fill("32");
    await page.getByLabel("Epochs").fill(String(epochs));
    await page.getByLabel("Batch").fill("20");
    await page.getByRole("radio", { name: new RegExp(`^${device}`) }).check();
    await page.getByRole("button", { name: "Start training" }).click();
  }

  const numberIn = async (id: string) => Number((await page.locator(id).textContent())!.replace(",", ""));

  test.each(["WASM", "WebGPU"] as const)(
    "trains on %s, pauses, and gives an encoder that does in Node what it does here",
    async (device) => {
      await page.locator("#pace").filter({ hasText: "ms" }).waitFor();
      await page.locator("#map").click();
      await start(device, 1000);
      await expect.poll(() => numberIn("#train-validation"), { timeout: 60_000 }).toBeGreaterThan(0);
      const first = await numberIn("#train-validation");
      await expect.poll(() => numberIn("#train-validation"), { timeout: 60_000 }).toBeLessThan(first);
      await page.getByRole("button", { name: "Pause" }).click();
      await page.getByRole("button", { name: "Resume" }).waitFor();
      expect(await page.locator("#train-description").textContent()).toContain(device);

      const downloading = page.waitForEvent("download");
      await page.getByRole("button", { name: "Download encoder" }).click();
      const file = await (await downloading).path();
      await page.getByRole("button", { name: "Explore this model" }).click();
      // The model that comes with the page has two dimensions as well: only its name tells this one from it.
      await expect
        .poll(() => page.locator("#model option:checked").textContent(), { timeout: 20_000 })
        .toBe("digits-vae");
      const { images, png } = await digitPng(7);
      const digit = join(folder, "digit.png");
      await writeFile(digit, png);
      await page.getByLabel("An image to encode").setInputFiles(digit);
      const encoder = await Encoder.open(await readFile(file), "encoder", nodeHost);
      const { mean } = await encoder.encode(images);
      await encoder.release();
      // The sliders show codes to a hundredth, and go no further than 3.
      const shown = [...mean!.data].map((value) => Math.max(-3, Math.min(3, Math.round(value * 100) / 100)));
      const sliders = page.getByRole("slider", { name: /^dimension/ });
      await expect
        .poll(() => sliders.evaluateAll((all) => all.map((one) => (one as HTMLInputElement).valueAsNumber)), {
          timeout: 20_000,
        })
        .toEqual(shown.map((value) => expect.closeTo(value, 1)));

      await page.getByRole("tab", { name: "Train" }).click();
      await page.getByRole("button", { name: "Resume" }).click();
      await page.getByRole("button", { name: "Stop" }).click();
      await page.getByRole("button", { name: "Start training" }).waitFor();
      const remove = page.getByRole("button", { name: "Remove digits-vae" });
      let asked = "";
      page.once("dialog", (dialog) => {
        asked = dialog.message();
        return dialog.dismiss();
      });
      await remove.click();
      expect(asked).toMatch(/^Remove digits-vae\?/);
      expect(await remove.count()).toBe(1);
      page.once("dialog", (dialog) => dialog.accept());
      await remove.click();
      await remove.waitFor({ state: "detached" });
      expect(watched).toEqual({ errors: [], elsewhere: [] });
    },
    120_000,
  );

  test("a tab closed in mid-training: the next visit offers to resume", async () => {
    await start("WASM", 1000);
    await expect.poll(() => numberIn("#train-validation"), { timeout: 60_000 }).toBeGreaterThan(0);
    await page.close();
    page = await context.newPage();
    await page.goto(site.address);
    await page.getByText("The training digits-vae is not finished.").waitFor();
    await page.getByRole("button", { name: "Go on with it" }).click();
    await page.getByRole("button", { name: /Resume/ }).click();
    await page.getByRole("button", { name: "Pause" }).and(page.locator(":enabled")).waitFor();
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByRole("button", { name: "Resume" }).waitFor();
  }, 120_000);

  test("a number for other data than is chosen does not hold the form back", async () => {
    await page.getByRole("tab", { name: "Train" }).click();
    await page.getByLabel("Training images").fill("5");
    await page.getByRole("radio", { name: "My files" }).check();
    await page.getByRole("button", { name: "Start training" }).click();
    await expect
      .poll(() => page.locator("#train-alert").textContent())
      .toContain("there are none: drop images");
    expect(watched.errors).toEqual([]);
  });

  test("says that the training's code can't be loaded", async () => {
    await context.setOffline(true);
    await page.getByRole("tab", { name: "Train" }).click();
    await expect
      .poll(() => page.getByRole("alert").filter({ visible: true }).textContent())
      .toContain("reload the page once you are online");
    await context.setOffline(false);
  });

  test.each(["light", "dark"] as const)(
    "the training has nothing that axe objects to, %s",
    async (colorScheme) => {
      await page.emulateMedia({ colorScheme });
      const expectClean = async () => {
        for (const width of [1440, 390]) {
          await page.setViewportSize({ width, height: 900 });
          const { violations } = await new AxeBuilder({ page }).analyze();
          expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
          expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
        }
      };
      await page.getByRole("tab", { name: "Train" }).click();
      await page.getByRole("button", { name: "Start training" }).waitFor();
      await expectClean();
      await start("WASM", 2);
      await page.locator("#train-status").filter({ hasText: "Done after 2 epochs" }).waitFor();
      await expectClean();
    },
  );
});
