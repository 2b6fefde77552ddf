/** What every preset promises: a run that can be stopped and gone on with, and models that need nothing but ONNX Runtime. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { latentOf } from "../../graphs/families.ts";
import { decoderGraph, encoderGraph } from "../../graphs/inference.ts";
import { nodeHost } from "../../runtime/host/node.ts";
import { codeOf, Decoder, Encoder } from "../../runtime/models.ts";
import { nodePlatform } from "../../runtime/node-platform.ts";
import { TrainingRun, type TrainOptions } from "../../runtime/training-run.ts";
import type { Graph } from "../../src/ir/graph.ts";
import type { Tensor } from "../../src/ir/tensor.ts";
import { infer } from "../support/bare.ts";
import { difference } from "../support/difference.ts";
import { temporaryFolder } from "../support/idx.ts";
import { run as interpret } from "../support/interpreter/interpreter.ts";
import { outcome } from "../support/outcome.ts";
import { normalised, tinyPresets } from "../support/presets.ts";
import { follow, tick } from "../support/training.ts";

afterEach(() => void vi.restoreAllMocks());

describe.each([...tinyPresets, normalised])("$name", ({ model, training, data }) => {
  const begin = (options: Partial<TrainOptions>) =>
    new TrainingRun(
      model,
      data,
      { ...training, device: "cpu", threads: 1, report: false, ...options },
      nodePlatform,
    );

  test("stopped in mid-epoch and gone on with ends as one that was not, in files that ONNX Runtime alone runs", async () => {
    const folder = await temporaryFolder();
    const [whole, out] = [join(folder, "whole"), join(folder, "stopped")];
    const uninterrupted = begin({ out: whole });
    await follow(uninterrupted);

    const stop = new AbortController();
    tick(1000);
    const stopped = begin({ out, signal: stop.signal });
    const told = await follow(stopped, ({ epoch, step }) => {
      if (epoch === training.epochs && step === 2) stop.abort();
      return false;
    });
    vi.restoreAllMocks();
    if (training.epochs === 0) expect(told).toEqual([]);
    else expect(told.at(-1)).toMatchObject({ epoch: training.epochs, step: 2, validation: null });
    expect(stopped.isStopped).toBe(told.length > 0);
    await follow(begin({ out, resume: true }));
    expect(await outcome(out)).toEqual(await outcome(whole));

    const { parameters } = uninterrupted;
    const { images } = data.test;
    const bytes = async (name: string) => new Uint8Array(await readFile(join(out, name)));
    const encoder = await Encoder.open(await bytes("encoder.onnx"), "encoder", nodeHost);
    const ours = await encoder.encode(images);
    const shown = { image: images.toTensor(), label: images.labelTensor() };
    const encoded = await infer(join(out, "encoder.onnx"), (name) => shown[name as keyof typeof shown]);
    expectSame(encoded, ours);
    expectSame(encoded, interpret(encoderGraph(model) as Graph, { ...shown, ...parameters }));
    expect(encoder.isConditional).toBe("label" in encoderGraph(model).inputs);

    const latent = codeOf(ours);
    expect(latent.shape).toEqual([images.count, latentOf(model)]);
    const decoder = await Decoder.open(await bytes("decoder.onnx"), "decoder", nodeHost);
    const given = { latent, label: shown.label };
    const decoded = await infer(join(out, "decoder.onnx"), (name) => given[name as keyof typeof given]);
    expectSame(decoded, { image: await decoder.decode(latent, images.labels) });
    expectSame(decoded, interpret(decoderGraph(model) as Graph, { ...given, ...parameters }));
    expect(decoded.image!.shape).toEqual(shown.image.shape);
    await encoder.release();
    await decoder.release();
  });
});

type Numbers = Pick<Tensor, "shape"> & { readonly data: ArrayLike<number | bigint> };

/** That both have the same outputs, and numbers apart by float32's rounding at most. */
function expectSame(actual: Readonly<Record<string, Numbers>>, expected: Readonly<Record<string, Numbers>>) {
  expect(Object.keys(actual)).toEqual(Object.keys(expected));
  for (const [name, { shape, data }] of Object.entries(expected)) {
    expect(actual[name]!.shape).toEqual(shape);
    expect(difference(Array.from(actual[name]!.data, Number), Array.from(data, Number))).toBeLessThan(1e-5);
  }
}
