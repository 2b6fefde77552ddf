/** The page to try the service: it loads nothing from elsewhere, asks for the token, and shows what comes back. */

import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { pictureOf, served, trainedRun } from "../support/autoencoders.ts";
import { findChromium } from "../support/chromium.ts";
import { sharedFolder } from "../support/tiny.ts";
import { digits } from "../support/training.ts";

vi.setConfig({ testTimeout: 120_000 });

const { command, missing } = findChromium();
const folder = sharedFolder();

describe.skipIf(command === undefined)(`the page at /docs${missing ? ` (skipped: ${missing})` : ""}`, () => {
  let browser: Browser;
  let page: Page;
  let url = "";
  let close: () => Promise<void>;
  const asked: string[] = [];
  const wrong: string[] = [];

  beforeAll(async () => {
    ({ url, close } = await served([await trainedRun(folder, "vae", 1)], { token: "secret" }));
    browser = await chromium.launch({ executablePath: command!, args: ["--no-sandbox"] });
    page = await browser.newPage();
    page.on("request", (request) => asked.push(request.url()));
    page.on("console", (message) => {
      if (message.type() === "error") wrong.push(message.text());
    });
    page.on("pageerror", (error) => wrong.push(error.message));
    await page.goto(`${url}/docs`);
    await page.waitForSelector("#operations-autoencoder-encode");
  });
  afterAll(async () => {
    await browser.close();
    await close();
  });

  /** Opens an operation, fills in what it takes, and gives the status of the answer. */
  async function tried(operation: string, fill: (panel: ReturnType<Page["locator"]>) => Promise<void>) {
    const panel = page.locator(`#operations-autoencoder-${operation}`);
    if (!(await panel.locator(".execute").isVisible()))
      await panel.locator(".opblock-summary-control").click();
    await panel.locator(".execute").waitFor();
    await fill(panel);
    await panel.locator(".execute").click();
    const status = panel.locator(".live-responses-table tbody .response-col_status").first();
    await status.waitFor();
    await panel.locator(".loading-container").waitFor({ state: "detached" });
    return { status: (await status.innerText()).trim().slice(0, 3), panel };
  }

  test("asks for the token, sends a picture, and shows one", async () => {
    const none = await tried("runs", async () => {});
    expect(none.status).toBe("401");
    await page.locator(".btn.authorize").first().click();
    await page.locator(".auth-container input").fill("secret");
    await page.locator(".auth-btn-wrapper .authorize").click();
    await page.locator(".btn-done").click();
    expect((await tried("runs", async () => {})).status).toBe("200");

    const encoded = await tried("encode", async (panel) => {
      await panel.locator('select[aria-label="Request content type"]').selectOption("image/png");
      await panel.locator('input[type="file"]').setInputFiles({
        name: "digit.png",
        mimeType: "image/png",
        buffer: await pictureOf(digits.test.images, 0),
      });
    });
    expect(encoded.status).toBe("200");
    expect(await encoded.panel.locator(".live-responses-table").innerText()).toContain("log_variance");

    const sample = await tried("sampleGet", async () => {});
    expect(sample.status).toBe("200");
    const image = sample.panel.locator(".live-responses-table img");
    await image.waitFor();
    expect(await image.evaluate((element) => (element as HTMLImageElement).naturalWidth)).toBe(28);
  });

  test("loads nothing from anywhere else, and reports no error of its own", () => {
    expect(asked.length).toBeGreaterThan(5);
    expect(asked.filter((address) => !/^(data|blob):/.test(address) && !address.startsWith(url))).toEqual([]);
    // Chromium reports the 401 that was meant.
    expect(wrong.filter((line) => !line.includes("401"))).toEqual([]);
  });
});
