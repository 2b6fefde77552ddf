/** How unusual images are, beside those that a model was trained on. */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { nodeHost } from "../../runtime/host/node.ts";
import { Run } from "../../runtime/run.ts";
import { anomalyAnswer } from "../../runtime/server/autoencoder/schemas.ts";
import { Images } from "../../src/data/images.ts";
import { Random } from "../../src/data/random.ts";
import { type Tensor, tensor } from "../../src/ir/tensor.ts";
import {
  ask,
  colours,
  json,
  nested,
  picture,
  pictureOf,
  served,
  trainedRun,
} from "../support/autoencoders.ts";
import { sharedFolder } from "../support/tiny.ts";
import { digits } from "../support/training.ts";

vi.setConfig({ testTimeout: 120_000 });

const folder = sharedFolder();
const images = digits.test.images.slice(0, 4);
const labels = Array.from(images.labels!);
const at = { device: "cpu", threads: 1 } as const;
const run = (name: string) => `/runs/${name}`;
let url = "";
let close: () => Promise<void>;

beforeAll(async () => {
  const runs = [await trainedRun(folder, "vae", 20)];
  for (const kind of ["conditional", "plain", "colour", "text"] as const)
    runs.push(await trainedRun(folder, kind));
  ({ url, close } = await served(runs));
});
afterAll(() => close());

const path = `${run("vae")}/anomaly`;
const score = (given: Images, query = "") =>
  ask(`${url}${path}${query}`, anomalyAnswer, json({ pixels: nested(given.toTensor()) }));
const noise = () =>
  new Images(
    digits.image,
    Uint8Array.from(new Random(5, "noise").fillUniform(new Float32Array(40 * 784), 0, 256)),
  );

test("noise is unusual, and digits are not", async () => {
  const strange = await score(noise(), "?quantile=0.999");
  expect(strange.images.every(({ is_anomaly }) => is_anomaly)).toBe(true);
  const known = await score(digits.test.images);
  expect(known.quantile).toBe(0.99);
  expect(known.images.filter(({ is_anomaly }) => is_anomaly).length).toBeLessThan(10);
  const least = Math.min(...strange.images.map(({ score }) => score));
  expect(least).toBeGreaterThan(2 * Math.max(...known.images.map(({ score }) => score)));
  const blank = await score(new Images(digits.image, new Uint8Array(784)), "?score=reconstruction");
  expect(blank.score).toBe("reconstruction");
  expect(blank.images[0]!.score).toBe(blank.images[0]!.reconstruction);
});

test("a tenth of the training images is above the quantile 0.9, by either score", async () => {
  for (const [by, name] of [
    ["elbo", "negative_elbo"],
    ["reconstruction", "reconstruction"],
  ] as const) {
    const answer = await score(digits.train.images, `?quantile=0.9&score=${by}`);
    expect([answer.score, answer.unit, answer.quantile]).toEqual([name, "nats", 0.9]);
    expect(answer.images.filter(({ is_anomaly }) => is_anomaly)).toHaveLength(14);
  }
});

test("the ELBO is that of the encoder and the decoder", async () => {
  const run = await Run.open(`${folder}/vae`, nodeHost);
  const [encoder, decoder] = [await run.encoder(at), await run.decoder(at)];
  const answer = await score(images);
  const { mean, log_variance } = (await encoder.encode(images)) as Record<string, Tensor<"float32">>;
  const noise = new Random(0, "scores/noise").fillNormal(new Float32Array(3));
  const pixels = images.toTensor();
  const errors = [0, 0, 0, 0];
  for (const sign of [1, -1]) {
    const draw = mean!.data.map((m, i) => m + Math.exp(log_variance!.data[i]! / 2) * sign * noise[i % 3]!);
    const { data } = await decoder.decode(tensor("float32", [4, 3], draw));
    for (const [i, p] of data.entries()) {
      const x = pixels.data[i]!;
      errors[Math.floor(i / 784)]! -= (x * Math.log(p) + (1 - x) * Math.log1p(-p)) / 2;
    }
  }
  for (const [i, { reconstruction, elbo }] of answer.images.entries()) {
    let kl = 0;
    for (let k = 3 * i; k < 3 * i + 3; k++) {
      const [m, v] = [mean!.data[k]!, log_variance!.data[k]!];
      kl += (Math.exp(v) + m * m - v - 1) / 2;
    }
    expect(reconstruction).toBeCloseTo(errors[i]!, 2);
    expect(elbo).toBeCloseTo(-errors[i]! - kl, 2);
  }
});

test("an image's score does not depend on those beside it", async () => {
  const together = await score(images);
  for (const i of [0, 3]) {
    const alone = await score(images.slice(i, i + 1));
    expect(alone.images[0]!.score).toBeCloseTo(together.images[i]!.score, 3);
  }
});

test("models without a bound have no ELBO; conditional ones, colours and text are scored", async () => {
  const plain = await ask(
    `${url}${run("plain")}/anomaly`,
    anomalyAnswer,
    json({ pixels: nested(images.toTensor()) }),
  );
  expect([plain.score, plain.images[0]!.elbo]).toEqual(["reconstruction", null]);
  const told = await ask(
    `${url}${run("conditional")}/anomaly`,
    anomalyAnswer,
    json({ pixels: nested(images.toTensor()), label: labels }),
  );
  const mistold = await ask(
    `${url}${run("conditional")}/anomaly?label=0`,
    anomalyAnswer,
    json({ pixels: nested(images.toTensor()) }),
  );
  expect(told.images[0]).not.toEqual(mistold.images[0]);
  const one = await pictureOf(colours().test.images, 0);
  expect(
    (await ask(`${url}${run("colour")}/anomaly`, anomalyAnswer, picture(one, "image/png"))).images,
  ).toHaveLength(1);
  const lines = await ask(
    `${url}${run("text")}/anomaly`,
    anomalyAnswer,
    json({ lines: ["a line", "qqqqqq?!"] }),
  );
  expect(lines.images.map(({ elbo }) => Number.isFinite(elbo))).toEqual([true, true]);
});
