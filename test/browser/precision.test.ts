/** Smaller files in a browser: the same numbers as in Node, on WebAssembly and on WebGPU. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "../../graphs/config.ts";
import { describe as described, type ModelInput } from "../../graphs/families.ts";
import { initialState } from "../../graphs/state.ts";
import { trainingConfig } from "../../graphs/training-config.ts";
import { calibrate } from "../../runtime/compare.ts";
import { exportModel, type Trained } from "../../runtime/export.ts";
import { nodeHost } from "../../runtime/host/node.ts";
import { codeOf, Decoder, Encoder } from "../../runtime/models.ts";
import { type Precision, precisionName } from "../../runtime/precision.ts";
import { drawDigits } from "../../src/data/digits/digits.ts";
import { findChromium, type ModulePage, openPage } from "../support/chromium.ts";
import { apart } from "../support/difference.ts";

const image = { channels: 1, height: 28, width: 28 };
const models: Readonly<Record<string, ModelInput>> = {
  dense: { family: "vae", image, hidden: [32], latent: 4 },
  convolutional: { family: "vae", image, filters: [4, 8], hidden: [16], latent: 4 },
};
const { images } = drawDigits(8, 1);

function trainedOf(input: ModelInput): Trained {
  const model = described(input);
  const training = parse(trainingConfig, {}, "training");
  return { model, training, classes: null, parameters: initialState(model, training.optimizer, 3) };
}

describe.skipIf(findChromium().missing !== undefined)("a page", () => {
  let page: ModulePage<typeof import("./page/precision.ts")>;
  beforeAll(async () => {
    page = await openPage(new URL("page/precision.ts", import.meta.url), { isolated: true });
  });
  afterAll(() => page?.close());

  const kinds = ["fp16", "int8-dynamic", "int8-static"];
  const cases = Object.entries(models).flatMap(([name, input]) =>
    kinds.flatMap((kind) => (["wasm", "webgpu"] as const).map((device) => ({ name, input, kind, device }))),
  );

  test.each(cases)(
    "makes of a $kind $name model on $device what Node does",
    async ({ input, kind, device }) => {
      const trained = trainedOf(input);
      const precision: Precision =
        kind === "fp16"
          ? { kind }
          : {
              kind: "int8",
              ...(kind.endsWith("static") && { ranges: await calibrate(trained, images, nodeHost) }),
            };
      expect(precisionName(precision)).toBe(kind);
      const [encoderModel, decoderModel] = [
        exportModel("encoder", trained, precision),
        exportModel("decoder", trained, precision),
      ];
      const { codes, decoded } = await page.call("encodeAndDecode", encoderModel, decoderModel, device);
      const encoder = await Encoder.open(encoderModel, "encoder", nodeHost);
      const decoder = await Decoder.open(decoderModel, "decoder", nodeHost);
      expect(apart(codes, codeOf(await encoder.encode(images)))).toBeLessThan(1e-4);
      expect(apart(decoded, await decoder.decode(codes))).toBeLessThan(1e-4);
      await encoder.release();
      await decoder.release();
    },
  );
});
