/** Smaller files: what they are made of, what ONNX Runtime makes of them, and whether what is measured is what they do. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { calibrate, lossWith } from "../../runtime/compare.ts";
import { exportModel } from "../../runtime/export.ts";
import { nodeHost } from "../../runtime/host/node.ts";
import { codeOf, Decoder, Encoder } from "../../runtime/models.ts";
import type { Precision } from "../../runtime/precision.ts";
import { Run } from "../../runtime/run.ts";
import type { Images } from "../../src/data/images.ts";
import { type Tensors, tensor } from "../../src/ir/tensor.ts";
import { decode } from "../../src/onnx/decode.ts";
import { metadataOf } from "../../src/onnx/metadata.ts";
import { infer } from "../support/bare.ts";
import { verdictsOn } from "../support/checker.ts";
import { isthmus } from "../support/cli.ts";
import { difference } from "../support/difference.ts";
import { run as interpret } from "../support/interpreter/interpreter.ts";
import { tinyPresets } from "../support/presets.ts";
import { findPython } from "../support/python.ts";
import { interpretedRanges, smallerFiles, trainedOf } from "../support/smaller.ts";
import { sharedFolder, tinyArguments, writeTinyFolder } from "../support/tiny.ts";

// Processes take seconds to start where others keep the machine busy.
vi.setConfig({ testTimeout: 120_000 });

const python = findPython("onnx");
if (python.missing) console.info(`skipped: onnx.checker: ${python.missing}`);

describe.skipIf(python.missing !== undefined)("onnx.checker, with full_check, accepts", () => {
  let verdicts: Awaited<ReturnType<typeof verdictsOn>>;

  beforeAll(async () => {
    const files = smallerFiles.map(({ title, bytes }) => [title, bytes] as const);
    verdicts = await verdictsOn(python.command!, files);
  }, 60_000);

  test.each(smallerFiles)("$title", ({ title }) => expect(verdicts[title]).toBeNull());
});

/** Images for an encoder; codes from −1 to 1 for a decoder of so many dimensions. */
function feedsFor(images: Images, latent: number): Tensors {
  const codes = Float32Array.from({ length: images.count * latent }, (_, i) => Math.sin(i));
  return {
    image: images.toTensor(),
    latent: tensor("float32", [images.count, latent], codes),
    label: images.labelTensor(),
  };
}

describe("ONNX Runtime alone", () => {
  test.each(smallerFiles)("gives what the reference interpreter does: $title", async (file) => {
    const { tiny, half, bytes } = file;
    const graph = decode(bytes);
    const latent = Number(half === "decoder" ? graph.inputs.latent!.shape[1] : 0);
    const feeds = feedsFor(tiny.data.test.images, latent);
    const asked = Object.fromEntries(
      Object.entries(feeds).filter(([name]) => Object.hasOwn(graph.inputs, name)),
    );
    const [actual, expected] = [await infer(bytes, (name) => asked[name]!), interpret(graph, asked)];
    expect(Object.keys(actual)).toEqual(Object.keys(expected));
    for (const [name, { shape, data }] of Object.entries(expected)) {
      const got = actual[name]!;
      expect(got.shape).toEqual(shape);
      expect(difference(Array.from(got.data as Float32Array), data)).toBeLessThan(1e-5);
    }
  });
});

describe("the loss that is measured is that of the files", () => {
  const plain = tinyPresets.filter(({ name }) => /^(undercomplete-ae|conv-ae|linear-ae|vq-vae)$/.test(name));
  const kinds: readonly Precision[] = [{ kind: "fp16" }, { kind: "int8" }];

  test.each(plain)("$name", async (tiny) => {
    const trained = trainedOf(tiny);
    const { images } = tiny.data.test;
    const ranges = await calibrate(trained, tiny.data.train.images, nodeHost);
    for (const precision of [...kinds, { kind: "int8", ranges } as const]) {
      const opened = (half: "encoder" | "decoder") => exportModel(half, trained, precision);
      const encoder = await Encoder.open(opened("encoder"), "encoder", nodeHost);
      const decoder = await Decoder.open(opened("decoder"), "decoder", nodeHost);
      const made = await decoder.decode(codeOf(await encoder.encode(images)));
      await encoder.release();
      await decoder.release();
      const given = images.toTensor().data;
      const squares = made.data.reduce((sum, value, i) => sum + (value - given[i]!) ** 2, 0);
      const { reconstruction, elbo } = await lossWith(trained, precision, images, nodeHost);
      expect(reconstruction / (squares / images.count)).toBeCloseTo(1, 5);
      expect(elbo).toBeUndefined();
    }
  });

  test("of a bound both terms, and float16's is within its weights' rounding of float32's", async () => {
    const tiny = tinyPresets.find(({ name }) => name === "conv-vae")!;
    const trained = trainedOf(tiny);
    const full = await lossWith(trained, undefined, tiny.data.test.images, nodeHost);
    const half = await lossWith(trained, { kind: "fp16" }, tiny.data.test.images, nodeHost);
    expect(half.elbo).not.toBe(full.elbo);
    expect(Math.abs(half.elbo! / full.elbo! - 1)).toBeLessThan(2 ** -10);
    expect(full.elbo! + full.reconstruction).toBeLessThan(0);
  });
});

test.each(tinyPresets)("$name loses next to nothing in any precision", async (tiny) => {
  const trained = trainedOf(tiny);
  const { images } = tiny.data.test;
  const ranges = await calibrate(trained, tiny.data.train.images, nodeHost);
  const { reconstruction } = await lossWith(trained, undefined, images, nodeHost);
  const kinds: readonly Precision[] = [{ kind: "fp16" }, { kind: "int8" }, { kind: "int8", ranges }];
  for (const precision of kinds) {
    const lost = (await lossWith(trained, precision, images, nodeHost)).reconstruction / reconstruction - 1;
    expect(Math.abs(lost)).toBeLessThan(precision.kind === "fp16" ? 1e-3 : 0.01);
  }
});

test("calibration finds what the reference interpreter finds", async () => {
  for (const tiny of tinyPresets) {
    const trained = trainedOf(tiny);
    const { images } = tiny.data.train;
    const [found, expected] = [
      await calibrate(trained, images, nodeHost),
      interpretedRanges(trained, images),
    ];
    expect(Object.keys(found)).toEqual(Object.keys(expected));
    for (const [name, range] of Object.entries(expected))
      expect(difference([...found[name]!], [...range])).toBeLessThan(1e-5);
  }
});

describe("isthmus export --precision", () => {
  const folder = sharedFolder();
  const path = (name: string) => join(folder, name);
  const call = (...args: string[]) => isthmus(args, folder);
  beforeAll(async () => {
    await writeTinyFolder(path("tiny"));
    await call("train", "--data", "tiny", "--out", "run", "--epochs", "3", ...tinyArguments);
  }, 120_000);

  const ways = [
    { args: ["fp16"], name: "fp16", file: "fp16", most: 0.01 },
    { args: ["int8"], name: "int8-dynamic", file: "int8", most: 1 },
    { args: ["int8", "--calibration", "60"], name: "int8-static", file: "int8", most: 1 },
  ];

  test.each(ways)("$name writes both halves, and says what they lose", async ({ args, name, file, most }) => {
    const out = name;
    const { code, stdout } = await call("export", "run", "--precision", ...args, "--out", out, "--json");
    expect(code).toBe(0);
    const told = JSON.parse(stdout);
    expect(told).toMatchObject({ precision: name, unit: "nats", split: "test", images: 18 });
    const losses = await (await Run.open(path("run"), nodeHost)).evaluate(
      await (await Run.open(path("run"), nodeHost)).data(),
    );
    expect(told.reconstruction.before).toBeCloseTo(losses.reconstruction, 3);
    expect(told.elbo.before).toBeCloseTo(-(losses.reconstruction + losses.kl), 3);
    // An untrained VAE of this size loses some 300 nats; rounding may cost or gain a little of one.
    expect(Math.abs(told.elbo.after - told.elbo.before)).toBeLessThan(most);
    for (const [i, half] of ["encoder", "decoder"].entries()) {
      const bytes = await readFile(path(`${out}/${half}.${file}.onnx`));
      expect(told.files[i].bytes).toBe(bytes.length);
      expect(bytes.length).toBeLessThan(told.files[i].before);
      const metadata = metadataOf(bytes, half);
      expect(metadata["isthmus.precision"]).toBe(name);
      const { test } = JSON.parse(metadata["isthmus.metrics"]!);
      expect(test.reconstruction).toBe(told.reconstruction.after);
      expect(-test.loss).toBeCloseTo(told.elbo.after, 9);
    }
  });

  test("prints a table for people", async () => {
    const { stdout } = await call("export", "run", "--precision", "int8");
    const number = String.raw`-?[\d,]+\.\d\d`;
    expect(stdout).toMatch(
      new RegExp(
        [
          "^ +float32 +int8-dynamic",
          String.raw`run/encoder\.int8\.onnx +\d+\.\d kB +\d+\.\d kB +÷ \d\.\d\d`,
          String.raw`run/decoder\.int8\.onnx +\d+\.\d kB +\d+\.\d kB +÷ \d\.\d\d`,
          `test reconstruction +${number} +${number} +[+-]\\d\\.\\d{3} nats`,
          `test ELBO +${number} +${number} +[+-]\\d\\.\\d{3} nats`,
          "over 18 images\n$",
        ].join("\n"),
      ),
    );
  });

  test("inspect, encode and decode take the files", async () => {
    const { stdout } = await call("inspect", "int8-static/encoder.int8.onnx", "--json");
    expect(JSON.parse(stdout).operators).toMatchObject({ QuantizeLinear: 2, DequantizeLinear: 8, Gemm: 3 });
    const encoded = await call(
      ...[
        "encode",
        "int8-static/encoder.int8.onnx",
        "--data",
        "tiny",
        "--split",
        "test",
        "--out",
        "codes.npy",
      ],
    );
    expect(encoded.stderr).toBe("codes.npy   18 codes of 2 dimensions\n");
    for (const { name, file } of ways) {
      const decoded = await call(
        "decode",
        `${name}/decoder.${file}.onnx`,
        "codes.npy",
        "--out",
        `${name}.npy`,
      );
      expect(decoded).toMatchObject({ code: 0 });
    }
  });

  test("a call that can't be carried out is refused in a line", async () => {
    const refused: readonly (readonly [args: readonly string[], fact: RegExp])[] = [
      [["--precision", "int4"], /^error: .*Allowed choices are fp16, int8\.\n$/],
      [["--precision", "fp16", "--format", "ort-training"], /^error: --precision: .*float32\n$/],
      [["--precision", "fp16", "--calibration", "5"], /^error: --calibration: .* int8\n$/],
      [["--calibration", "5"], /^error: --calibration: .* int8\n$/],
      [["--precision", "int8", "--calibration", "0"], /^error: .*at least 1\.\n$/],
    ];
    for (const [args, fact] of refused) {
      const { code, stderr } = await call("export", "run", ...args);
      expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(fact) });
    }
  });
});
