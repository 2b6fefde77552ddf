import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "../../graphs/config.ts";
import { describe as described } from "../../graphs/families.ts";
import { initialState } from "../../graphs/state.ts";
import { trainingConfig } from "../../graphs/training-config.ts";
import { exportModel, type ModelName, modelNames, type Trained } from "../../runtime/export.ts";
import { nodeHost } from "../../runtime/host/node.ts";
import { codeOf, Decoder, Encoder, interpolate } from "../../runtime/models.ts";
import { Images } from "../../src/data/images.ts";
import { Random } from "../../src/data/random.ts";
import { type Tensor, type Tensors, tensor } from "../../src/ir/tensor.ts";
import { decode } from "../../src/onnx/decode.ts";
import { infer } from "../support/bare.ts";
import { tinyDigits, tinyModel, tinyTraining } from "../support/tiny.ts";

const model = described(tinyModel);
const training = parse(trainingConfig, tinyTraining, "training");
const trained: Trained = {
  model,
  training,
  classes: [..."0123456789"],
  parameters: initialState(model, training.optimizer, 3),
};
const { images } = tinyDigits().train;

/** What stock ONNX Runtime makes of the file. */
function bare(name: ModelName, fed: Tensor): Promise<Tensors> {
  return infer(exportModel(name, trained), () => fed);
}

let encoder: Encoder;
let decoder: Decoder;
beforeAll(async () => {
  encoder = await Encoder.open(exportModel("encoder", trained), "encoder.onnx", nodeHost);
  decoder = await Decoder.open(exportModel("decoder", trained), "decoder.onnx", nodeHost);
});
afterAll(async () => {
  await encoder.release();
  await decoder.release();
});

describe("Encoder and Decoder", () => {
  test("give what stock ONNX Runtime gives for the exported files", async () => {
    const pixels = images.slice(0, 7).toTensor();
    const encoded = await encoder.encode(pixels);
    expect(encoded).toEqual(await bare("encoder", pixels));
    expect(Object.keys(encoded)).toEqual(["mean", "log_variance"]);
    expect(encoded.mean!.shape).toEqual([7, 2]);
    const { mean } = encoded;
    expect(await decoder.decode(mean!)).toEqual((await bare("decoder", mean!)).image);
    expect((await decoder.decode(mean!)).shape).toEqual([7, 1, 28, 28]);
  });

  test("say which images and codes they take", () => {
    expect(encoder.imageShape).toEqual(["batch", 1, 28, 28]);
    expect(decoder.latent).toBe(2);
  });

  test("take 8-bit images as well as floats", async () => {
    expect(await encoder.encode(images.slice(0, 3))).toEqual(
      await encoder.encode(images.slice(0, 3).toTensor()),
    );
  });

  test.each([0, 1, 499, 500, 501, 1203])("take a batch of %i, whatever they run at once", async (count) => {
    const many = images.pick(Array.from({ length: count }, (_, i) => i % images.count));
    const { mean, log_variance: logVariance } = await encoder.encode(many);
    expect([mean!.shape, logVariance!.shape]).toEqual([
      [count, 2],
      [count, 2],
    ]);
    const decoded = await decoder.decode(mean!);
    expect(decoded.shape).toEqual([count, 1, 28, 28]);
    const once = await encoder.encode(images);
    for (let i = 0; i < count; i++) {
      const j = i % images.count;
      expect(mean!.data[2 * i]).toBeCloseTo(once.mean!.data[2 * j]!, 5);
      expect(logVariance!.data[2 * i + 1]).toBeCloseTo(once.log_variance!.data[2 * j + 1]!, 5);
    }
  });

  test("refuse images and codes of another shape", async () => {
    const wide = new Images({ channels: 1, height: 28, width: 29 }, new Uint8Array(28 * 29));
    await expect(encoder.encode(wide)).rejects.toThrow(
      "encoder.onnx: input image has shape [batch,1,28,28] (batch = 1), got [1,1,28,29]",
    );
    await expect(decoder.decode(tensor("float32", [1, 3], new Float32Array(3)))).rejects.toThrow(
      "decoder.onnx: input latent has shape [batch,2] (batch = 1), got [1,3]",
    );
  });

  test("refuse each other's files", async () => {
    await expect(Encoder.open(exportModel("decoder", trained), "d.onnx", nodeHost)).rejects.toThrow(
      "d.onnx: takes latent; a model with the one input image was expected",
    );
    await expect(Decoder.open(exportModel("evaluation", trained), "e.onnx", nodeHost)).rejects.toThrow(
      "e.onnx: takes image, noise; a model with the one input latent was expected",
    );
  });

  test("sample the same images for the same seed: those of normal codes", async () => {
    const samples = await decoder.sample(6, 1);
    expect(await decoder.sample(6, 1)).toEqual(samples);
    expect(await decoder.sample(6, 2)).not.toEqual(samples);
    const codes = new Random(1, "sample").fillNormal(new Float32Array(12));
    expect(samples).toEqual(await decoder.decode(tensor("float32", [6, 2], codes)));
    expect(samples.data.every((pixel) => pixel >= 0 && pixel <= 1)).toBe(true);
  });
});

test("interpolate walks straight from each code to its partner", () => {
  const from = tensor("float32", [2, 2], Float32Array.of(0, 1, 10, 20));
  const to = tensor("float32", [2, 2], Float32Array.of(4, -3, 10, 0));
  expect(interpolate(from, to, 5)).toEqual(
    tensor(
      "float32",
      [10, 2],
      Float32Array.of(0, 1, 1, 0, 2, -1, 3, -2, 4, -3, 10, 20, 10, 15, 10, 10, 10, 5, 10, 0),
    ),
  );
  expect(() => interpolate(from, to, 1)).toThrow("interpolate: needs at least 2 steps, got 1");
  expect(() => interpolate(from, tensor("float32", [1, 4], from.data), 3)).toThrow(
    "interpolate: [2,2] and [1,4] differ",
  );
});

test("codeOf takes a posterior's mean or a plain code", () => {
  const code = tensor("float32", [1, 1], Float32Array.of(1));
  expect(codeOf({ mean: code, log_variance: tensor("float32", [1, 1], new Float32Array(1)) })).toBe(code);
  expect(codeOf({ code })).toBe(code);
  expect(() => codeOf({ output: code })).toThrow("encoder: returns neither mean nor code, but output");
});

describe("exportModel", () => {
  test.each(modelNames)("%s.onnx says how it was made and how to prepare an image", (name) => {
    const result = {
      epochs: 3,
      bestEpoch: 2,
      validation: 100,
      test: { loss: 101, reconstruction: 90, kl: 11 },
      seconds: 1,
      imagesPerSecond: 5,
      millisecondsPerStep: 2,
    };
    const { metadata, doc } = decode(exportModel(name, { ...trained, result }), name);
    expect(JSON.parse(metadata["isthmus.model"]!)).toEqual(model);
    expect(JSON.parse(metadata["isthmus.training"]!)).toEqual(training);
    expect(JSON.parse(metadata["isthmus.image"]!)).toEqual({ ...model.image, layout: "NCHW", range: [0, 1] });
    expect(JSON.parse(metadata["isthmus.classes"]!)).toEqual(trained.classes);
    expect(JSON.parse(metadata["isthmus.metrics"]!)).toEqual({ test: result.test, epochs: 3 });
    expect(doc).toContain("vae · 784-8-2");
  });

  test("holds the weights it was given, and refuses to do without one", () => {
    const { weights } = decode(exportModel("decoder", trained), "decoder");
    expect(Object.keys(weights)).toEqual([
      "decoder.hidden.0.weight",
      "decoder.hidden.0.bias",
      "decoder.output.weight",
      "decoder.output.bias",
    ]);
    for (const [name, { data }] of Object.entries(weights))
      expect(data).toEqual(trained.parameters[name]!.data);
    const { "decoder.output.bias": _, ...rest } = trained.parameters;
    expect(() => exportModel("decoder", { ...trained, parameters: rest })).toThrow(
      "export: there is no decoder.output.bias",
    );
  });

  test("gives the same bytes for the same weights", () => {
    for (const name of modelNames)
      expect(Buffer.from(exportModel(name, trained)).equals(exportModel(name, trained))).toBe(true);
  });
});
