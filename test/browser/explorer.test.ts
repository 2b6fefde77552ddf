/** The *Explore* panel of the page as it is shipped, used as a person would. */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Decoder, Encoder, nodeHost, tensor } from "../../runtime/node.ts";
import { findChromium } from "../support/chromium.ts";
import { digitPng } from "../support/pictures.ts";
import { openSite, type Site, trainSmall, type Watched, watch } from "../support/site.ts";

const { missing } = findChromium();
if (missing) console.info(`the explorer is not tested: ${missing}`);

describe.skipIf(missing !== undefined)("the explorer", () => {
  let models: string;
  let site: Site;
  let page: Page;
  let watched: Watched;
  const file = (name: string) => join(models, "models", name);

  beforeAll(async () => {
    models = await mkdtemp(join(tmpdir(), "isthmus-models-"));
    for (const [name, latent] of [
      ["digits-2d", 2],
      ["digits-10d", 10],
    ] as const)
      await trainSmall(file(name), latent);
    site = await openSite(models);
  }, 300_000);
  afterAll(async () => {
    await site?.close();
    await rm(models, { recursive: true });
  });
  beforeEach(async () => {
    const context = await site.browser.newContext();
    page = await context.newPage();
    watched = watch(page, site.address);
    await page.goto(site.address);
    await drawn(page);
    return () => context.close();
  });

  test("draws at once, asks nobody else for anything, and has no complaints", async () => {
    expect(await sumOf(page, "plane")).toBeGreaterThan(0);
    expect(await sumOf(page, "strip")).toBeGreaterThan(0);
    await expect(page.locator("#device").textContent()).resolves.toMatch(/WASM, \d+ threads?/);
    expect(watched).toEqual({ errors: [], elsewhere: [] });
  });

  test("the code follows what is dragged, the arrow keys and the sliders, and the picture follows the code", async () => {
    const { x, y, width, height } = (await page.locator("#map").boundingBox())!;
    await page.mouse.move(x + 0.5 * width, y + 0.5 * height);
    await page.mouse.down();
    await page.mouse.move(x + 0.75 * width, y + 0.25 * height, { steps: 5 });
    await page.mouse.up();
    // It goes nowhere with a pointer that only passes.
    await page.mouse.move(x, y);
    expect(await codeOf(page)).toEqual([1.5, 1.5]);
    await expectPicture(page, file("digits-2d"), [1.5, 1.5]);
    await page.locator("#map").focus();
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("Shift+ArrowDown");
    expect(await codeOf(page)).toEqual([1.4, 1.48]);
    await page.getByRole("slider", { name: "dimension 2" }).fill("-2.25");
    expect(await codeOf(page)).toEqual([1.4, -2.25]);
    await expectPicture(page, file("digits-2d"), [1.4, -2.25]);
    const decodes = () => page.locator("#pace").evaluate((pace) => ({ ...(pace as HTMLElement).dataset }));
    const { count } = await decodes();
    await page.getByRole("button", { name: "Origin" }).click();
    expect(await codeOf(page)).toEqual([0, 0]);
    await expect.poll(async () => (await decodes()).count).toBe(String(Number(count) + 1));
    const { milliseconds } = await decodes();
    expect(await page.locator("#pace").textContent()).toBe(`in ${Number(milliseconds).toFixed(1)} ms`);
  });

  test("a model of more dimensions has a slider for each, and a plane of any two", async () => {
    await page.getByLabel("Model", { exact: true }).selectOption("Digits in ten dimensions");
    await page.getByRole("slider", { name: "dimension 10" }).waitFor();
    await page.getByLabel("across").selectOption("3");
    await page.getByLabel("up").selectOption("8");
    const { x, y, width, height } = (await page.locator("#map").boundingBox())!;
    await page.mouse.click(x + 0.75 * width, y + 0.5 * height);
    expect((await codeOf(page))[3]).toBeCloseTo(1.5);
    const before = await sumOf(page, "plane");
    await page.getByRole("slider", { name: "dimension 1", exact: true }).fill("2");
    // The map is of the plane through the code, so it changes with what lies outside of its two dimensions.
    await expect.poll(() => sumOf(page, "plane")).not.toBe(before);
  });

  test("walks from A to B", async () => {
    await page.getByRole("slider", { name: "dimension 1", exact: true }).fill("2");
    await page.getByRole("button", { name: "Put A here" }).click();
    await page.getByRole("slider", { name: "dimension 1", exact: true }).fill("-2");
    await page.getByRole("button", { name: "Put B here" }).click();
    await page.getByLabel("along the way").fill("0.25");
    expect((await codeOf(page))[0]).toBeCloseTo(1);
    await page.getByRole("button", { name: "Play" }).click();
    await expect.poll(async () => (await codeOf(page))[0]).toBeLessThan(0.5);
  });

  test("an image goes to where the encoder puts it in Node", async () => {
    const { images, png } = await digitPng(7);
    const digit = join(models, "digit.png");
    await writeFile(digit, png);
    await page.getByLabel("An image to encode").setInputFiles(digit);
    await expect.poll(() => codeOf(page)).not.toEqual([0, 0]);
    const encoder = await Encoder.open(
      await readFile(join(file("digits-2d"), "encoder.onnx")),
      "encoder",
      nodeHost,
    );
    const { mean } = await encoder.encode(images);
    await encoder.release();
    for (const [i, value] of (await codeOf(page)).entries()) expect(value).toBeCloseTo(mean!.data[i]!, 2);
  });

  test("a drawing is encoded as it is drawn", async () => {
    const { x, y, width, height } = (await page.locator("#pad").boundingBox())!;
    await page.mouse.move(x + 0.5 * width, y + 0.2 * height);
    await page.mouse.down();
    await page.mouse.move(x + 0.5 * width, y + 0.8 * height, { steps: 8 });
    await page.mouse.up();
    await expect.poll(() => codeOf(page)).not.toEqual([0, 0]);
    expect(watched.errors).toEqual([]);
  });

  test("a tap on the pad leaves a dot, which is encoded", async () => {
    const { x, y, width, height } = (await page.locator("#pad").boundingBox())!;
    await page.mouse.click(x + 0.3 * width, y + 0.4 * height);
    expect(await sumOf(page, "pad")).toBeGreaterThan(0);
    await expect.poll(() => codeOf(page)).not.toEqual([0, 0]);
    expect(watched.errors).toEqual([]);
  });

  test("a decoder of one's own, with its encoder, from files and from an address", async () => {
    const [decoder, encoder] = ["decoder.onnx", "encoder.onnx"].map((name) => join(file("digits-10d"), name));
    await page.locator("#files").setInputFiles([encoder!, decoder!]);
    await page.getByRole("slider", { name: "dimension 10" }).waitFor();
    expect(await page.locator("#facts").textContent()).toMatch(
      /^10 latent dimensions · 28 × 28 · test loss [\d.]+$/,
    );
    await page.getByRole("button", { name: "From an address" }).click();
    await page.getByLabel("Address of a decoder.onnx").fill(`${site.address}models/digits-2d/decoder.onnx`);
    await page.getByRole("button", { name: "Open", exact: true }).click();
    await expect.poll(() => page.getByRole("slider", { name: /dimension/ }).count()).toBe(2);
    expect(await page.locator("#facts").textContent()).toContain("no encoder");
    expect(await page.locator("#pad-figure").isVisible()).toBe(false);
    await page.goto(`${site.address}?decoder=models/digits-10d/decoder.onnx`);
    await page.getByRole("slider", { name: "dimension 10" }).waitFor();
  });

  describe("says what is wrong, and keeps what was open", () => {
    const cases: readonly [
      title: string,
      make: () => Promise<readonly [name: string, Uint8Array][]>,
      says: RegExp,
    ][] = [
      [
        "a text",
        async () => [["decoder.onnx", Buffer.from("no model at all")]],
        /^decoder\.onnx: not an ONNX model/,
      ],
      [
        "half a file",
        async () => [
          ["decoder.onnx", (await readFile(join(file("digits-2d"), "decoder.onnx"))).subarray(0, 1e5)],
        ],
        /^decoder\.onnx: not an ONNX model, or a damaged one/,
      ],
      [
        "an encoder alone",
        async () => [["encoder.onnx", await readFile(join(file("digits-2d"), "encoder.onnx"))]],
        /^encoder\.onnx: takes image; a model with the one input latent was expected/,
      ],
      [
        "a picture that is none",
        async () => [["cat.txt", Buffer.from("meow")]],
        /^cat\.txt: is no \.onnx file/,
      ],
      [
        "an encoder of another code",
        async () => [
          ["decoder.onnx", await readFile(join(file("digits-2d"), "decoder.onnx"))],
          ["encoder.onnx", await readFile(join(file("digits-10d"), "encoder.onnx"))],
        ],
        /^encoder\.onnx: gives codes of 10 dimensions; decoder\.onnx takes 2/,
      ],
    ];
    test.each(cases)("%s", async (_, make, says) => {
      const files = (await make()).map(([name, content]) => ({
        ...{ name, mimeType: "application/octet-stream" },
        buffer: Buffer.from(content),
      }));
      await page.locator("#files").setInputFiles(files);
      await expect.poll(() => page.getByRole("alert").filter({ visible: true }).textContent()).toMatch(says);
      await page.getByRole("slider", { name: "dimension 1", exact: true }).fill("1");
      await expectPicture(page, file("digits-2d"), [1, 0]);
    });

    test("an address that nobody answers at", async () => {
      await page.getByRole("button", { name: "From an address" }).click();
      await page.getByLabel("Address of a decoder.onnx").fill("http://127.0.0.1:9/decoder.onnx");
      await page.getByRole("button", { name: "Open", exact: true }).click();
      await expect
        .poll(() => page.getByRole("alert").filter({ visible: true }).textContent())
        .toContain("can't be reached");
    });
  });

  test("a model that can't be opened leaves the choice as it was, and of two the later one is opened", async () => {
    const model = page.getByLabel("Model", { exact: true });
    const ten = "**/models/digits-10d/decoder.onnx";
    await page.route(ten, (route) => route.abort());
    await model.selectOption("Digits in ten dimensions");
    await page.getByRole("alert").filter({ visible: true }).waitFor();
    expect(await model.inputValue()).toBe("0");
    await page.route(ten, (route) => setTimeout(() => route.continue(), 1500));
    await model.selectOption("Digits in ten dimensions");
    await page.locator("#files").setInputFiles(join(file("digits-2d"), "decoder.onnx"));
    await (await page.waitForResponse(ten)).finished();
    await page.waitForTimeout(300);
    expect(await page.locator("#facts").textContent()).toContain("no encoder");
    await page.goto(`${site.address}?decoder=nothing.onnx`);
    await page.getByRole("alert").filter({ visible: true }).waitFor();
    await model.selectOption("Digits in two dimensions");
    await drawn(page);
  });

  test.each(["light", "dark"] as const)(
    "has nothing that axe objects to, wide and on a phone, %s",
    async (colorScheme) => {
      await page.emulateMedia({ colorScheme });
      for (const width of [1440, 390]) {
        await page.setViewportSize({ width, height: 900 });
        const { violations } = await new AxeBuilder({ page }).analyze();
        expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
        // Nothing sticks out on the right.
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
      }
    },
  );

  test("every control is reached by the Tab key", async () => {
    const controls = await page.evaluate(() => {
      const all = document.querySelectorAll<HTMLElement>("button, select, input, [role=application]");
      return [...all].filter((one) => one.checkVisibility() && one.tabIndex >= 0).length;
    });
    const reached = new Set<string>();
    for (let i = 0; i < controls; i++) {
      await page.keyboard.press("Tab");
      reached.add(await page.evaluate(() => document.activeElement?.outerHTML ?? ""));
    }
    expect(reached.size).toBe(controls);
  });

  test("brings less than 300 kB of its own to the first picture, and nothing of the training", async () => {
    const names = await page.evaluate(() =>
      performance.getEntriesByType("resource").map(({ name }) => new URL(name).pathname.slice(1)),
    );
    const files = await readdir(join(site.folder, "assets"));
    const scripts = files.filter((name) => name.endsWith(".js") && !name.startsWith("ort."));
    // What workers fetch is not among the page's own entries: all that names the explorer counts.
    const own = scripts.filter((name) => names.includes(`assets/${name}`) || name.startsWith("worker"));
    expect(own.length).toBeGreaterThanOrEqual(2);
    const sizes = await Promise.all(
      own.map(async (name) => gzipSync(await readFile(join(site.folder, "assets", name))).length),
    );
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(300_000);
    expect(names.filter((name) => /training|panel/.test(name))).toEqual([]);
  });
});

/** Waits for the first picture. */
async function drawn(page: Page): Promise<void> {
  await page.locator("#pace").filter({ hasText: "ms" }).waitFor();
  await expect.poll(() => sumOf(page, "strip")).toBeGreaterThan(0);
}

/** The code, as the sliders show it. */
async function codeOf(page: Page): Promise<number[]> {
  return page
    .getByRole("slider", { name: /^dimension/ })
    .evaluateAll((all) => all.map((slider) => (slider as HTMLInputElement).valueAsNumber));
}

/** The red bytes of what is on a canvas. */
function bytesOf(page: Page, id: string): Promise<number[]> {
  return page.locator(`#${id}`).evaluate((canvas) => {
    const { width, height } = canvas as HTMLCanvasElement;
    const { data } = (canvas as HTMLCanvasElement).getContext("2d")!.getImageData(0, 0, width, height);
    return [...data].filter((_, i) => i % 4 === 0);
  });
}

async function sumOf(page: Page, id: string): Promise<number> {
  return (await bytesOf(page, id)).reduce((sum, byte) => sum + byte, 0);
}

/** What is shown is what the decoder gives in Node, to a step of 255. */
async function expectPicture(page: Page, folder: string, code: readonly number[]): Promise<void> {
  const decoder = await Decoder.open(await readFile(join(folder, "decoder.onnx")), "decoder", nodeHost);
  const { data } = await decoder.decode(tensor("float32", [1, code.length], Float32Array.from(code)));
  await decoder.release();
  await expect
    .poll(async () =>
      Math.max(...(await bytesOf(page, "picture")).map((byte, i) => Math.abs(byte - 255 * data[i]!))),
    )
    .toBeLessThan(1.01);
}
