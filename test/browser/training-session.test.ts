/** ONNX Runtime's TrainingSession in Chromium, on files made in the page, against step.onnx in Node. */
import { afterAll, beforeAll, describe, test } from "vitest";
import { findChromium, type ModulePage, openPage } from "../support/chromium.ts";
import { beginningOf, feedsOf, followSteps, STEPS } from "../support/following.ts";
import { expectSameTraining, jobs } from "../support/sessions.ts";

const chromium = findChromium();
if (chromium.missing) console.info(`skipped: TrainingSession in Chromium: ${chromium.missing}`);

describe.skipIf(chromium.missing !== undefined)("a page", () => {
  let page: ModulePage<typeof import("./page/training-session.ts")>;
  beforeAll(async () => {
    const entry = import.meta.resolve("onnxruntime-training");
    page = await openPage(new URL("page/training-session.ts", import.meta.url), {
      files: { "/training/": new URL("./", entry) },
    });
  });
  afterAll(() => page?.close());

  test.each(jobs)(`follows step.onnx for ${STEPS} steps: %s`, async (title, of, bounds) => {
    const { images: _, ...feeds } = feedsOf(of);
    const { model, training, images } = of;
    const steps = {
      model,
      training,
      image: images.image,
      pixels: images.data,
      state: beginningOf(of),
      feeds,
    };
    const actual = await page.call("take", steps, 5);
    expectSameTraining(actual, await followSteps(of), [`Chromium, ${title}`, of, bounds]);
  });
});
