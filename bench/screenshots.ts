/** `make screenshots`: the page as the README shows it, wide, on a phone and in the dark. */
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { openSite } from "../test/support/site.ts";

const file = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** A seven, as a share of the pad. */
const STROKE = [
  [0.3, 0.25],
  [0.7, 0.25],
  [0.45, 0.8],
] as const;

const site = await openSite(file("runtime/browser/public"));
const pictures = {
  wide: { width: 1280, height: 900, colorScheme: "light" },
  phone: { width: 390, height: 844, colorScheme: "light" },
  dark: { width: 1280, height: 900, colorScheme: "dark" },
} as const;
for (const [name, { colorScheme, ...viewport }] of Object.entries(pictures)) {
  const context = await site.browser.newContext({ viewport, colorScheme, deviceScaleFactor: 2 });
  const page = await context.newPage();
  await page.goto(site.address);
  await page.locator("#pace").filter({ hasText: "ms" }).waitFor();
  if (name === "dark") {
    await page.locator("#model").selectOption("1");
    await page.locator("#dimension-9").waitFor();
  }
  await page.locator("#pad").scrollIntoViewIfNeeded();
  await draw(page);
  await page.evaluate(() => scrollTo(0, 0));
  await page.mouse.move(0, 0);
  // The map follows the code at its own pace.
  await page.waitForTimeout(1000);
  await page.screenshot({ path: file(`.github/pictures/page-${name}.png`), fullPage: name === "phone" });
  await context.close();
}
const context = await site.browser.newContext({
  viewport: { width: 1280, height: 900 },
  deviceScaleFactor: 2,
});
const page = await context.newPage();
await page.goto(site.address);
await page.getByRole("tab", { name: "Train" }).click();
await page.getByLabel("Training images").fill("6000");
await page.getByLabel("Latent dimensions").fill("10");
await page.getByLabel("Epochs").fill("20");
await page.getByRole("button", { name: "Start training" }).click();
await page.locator("#train-status").filter({ hasText: "Done" }).waitFor({ timeout: 300_000 });
await page.mouse.move(0, 0);
await page.screenshot({ path: file(".github/pictures/page-train.png"), fullPage: true });
await site.close();

async function draw(page: Page): Promise<void> {
  const { x, y, width, height } = (await page.locator("#pad").boundingBox())!;
  const at = ([across, down]: readonly [number, number]) => [x + across * width, y + down * height] as const;
  await page.mouse.move(...at(STROKE[0]));
  await page.mouse.down();
  for (const point of STROKE) await page.mouse.move(...at(point), { steps: 12 });
  await page.mouse.up();
}
