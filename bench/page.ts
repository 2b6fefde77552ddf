/**
 * The page as it is shipped, in one Chromium: how soon the first picture is there, how long a `decode` takes while the
 * map is dragged, and what a training leaves of the main thread. `make bench-page`, on an idle machine.
 */
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { openSite } from "../test/support/site.ts";
import { median } from "./rounds.ts";

const DRAGS = 300;
const SECONDS = 20;

const site = await openSite(fileURLToPath(new URL("../runtime/browser/public", import.meta.url)));
console.info(`Chromium ${site.browser.version()}, ${cpus().length} × ${cpus()[0]?.model ?? "a core"}`);

const page = await (await site.browser.newContext()).newPage();
await page.addInitScript(() => {
  const held: number[] = [];
  // What holds the main thread for 50 ms or longer is an entry.
  new PerformanceObserver((list) => held.push(...list.getEntries().map(({ duration }) => duration))).observe({
    type: "longtask",
    buffered: true,
  });
  Object.assign(globalThis, { held });
});
await page.goto(site.address);
await page.locator("#pace").filter({ hasText: "ms" }).waitFor();
const first = await page.evaluate(() => performance.now());
console.info(`first picture after ${(first / 1000).toFixed(2)} s`);

for (const model of ["0", "1"]) {
  await page.locator("#model").selectOption(model);
  await page.locator(model === "0" ? "#dimension-1" : "#dimension-9").waitFor();
  await page.waitForTimeout(1000);
  const times = await drag(page);
  const name = await page.locator("#model option:checked").textContent();
  console.info(
    `${name}: one decode ${median(times).toFixed(2)} ms, 99 of 100 within ${quantile(times, 0.99).toFixed(2)} ms (${times.length} of ${DRAGS} moves)`,
  );
}

for (const device of ["WASM", "WebGPU"]) {
  await page.getByRole("tab", { name: "Train" }).click();
  await page.getByRole("radio", { name: new RegExp(`^${device}`) }).check();
  await page.getByLabel("Epochs").fill("1000");
  await page.getByRole("button", { name: "Start training" }).click();
  await page.locator("#train-validation").filter({ hasText: /\d/ }).waitFor({ timeout: 120_000 });
  await page.evaluate(() => (globalThis as unknown as { held: number[] }).held.splice(0));
  await page.waitForTimeout(1000 * SECONDS);
  const held = await page.evaluate(() => (globalThis as unknown as { held: number[] }).held);
  const speed = await page.locator("#train-speed").textContent();
  console.info(
    `training on ${device}: ${speed} images/s; in ${SECONDS} s the main thread was held ${held.length === 0 ? "never for 50 ms" : `${held.length} times for 50 ms or more, ${Math.max(...held)} ms at most`}`,
  );
  await page.getByRole("button", { name: "Stop" }).click();
  await page.getByRole("button", { name: "Start training" }).waitFor();
}
await site.close();

/** Milliseconds of the decodes while the pointer is dragged over the map, a move a frame. */
async function drag(page: Page): Promise<number[]> {
  const { x, y, width, height } = (await page.locator("#map").boundingBox())!;
  const times: number[] = [];
  await page.mouse.move(x + width / 2, y + height / 2);
  await page.mouse.down();
  let counted = await decodes(page);
  for (let i = 0; i < DRAGS; i++) {
    const angle = (i / DRAGS) * 6 * Math.PI;
    const radius = (i / DRAGS) * 0.45;
    await page.mouse.move(
      x + width * (0.5 + radius * Math.cos(angle)),
      y + height * (0.5 + radius * Math.sin(angle)),
    );
    const now = await decodes(page);
    if (now.count > counted.count) times.push(now.milliseconds);
    counted = now;
  }
  await page.mouse.up();
  return times;
}

/** How many pictures were decoded so far, and what the last one took. */
function decodes(page: Page): Promise<{ readonly count: number; readonly milliseconds: number }> {
  return page.locator("#pace").evaluate((pace) => {
    const { count, milliseconds } = (pace as HTMLElement).dataset;
    return { count: Number(count), milliseconds: Number(milliseconds) };
  });
}

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(share * (values.length - 1))]!;
}
