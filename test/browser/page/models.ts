/** In a page, by the package's entry for browsers: trains, exports, encodes and decodes, as a program in Node would. */
// biome-ignore format: one list of names
import {
  chooseDevice, codeOf, Decoder, type Diagnosis, diagnose, drawDigits, Encoder, exportModel, presets, Trainer, webHost,
} from "../../../runtime/web.ts";

const host = webHost({ wasmPaths: "/ort/" });

export const devices = (): Promise<Diagnosis[]> => diagnose(host);

/** Trains an epoch on the best device, and gives the models, their device, and what they make of eight digits. */
export async function trainAndUse() {
  const { images } = drawDigits(200, 1);
  const model = presets.vae({ image: images.image, hidden: [16], latent: 2 });
  const data = { train: images.slice(20), validation: images.slice(0, 20) };
  const device = await chooseDevice(host, "auto");
  const trainer = await Trainer.open(model, { batch: 20, epochs: 1 }, data, { host, device });
  for await (const _ of trainer.train());
  const { state } = await trainer.checkpoint();
  await trainer.release();

  const trained = { model, training: trainer.config, classes: null, parameters: state };
  const [encoderModel, decoderModel] = [exportModel("encoder", trained), exportModel("decoder", trained)];
  const encoder = await Encoder.open(encoderModel, "encoder", host, { device });
  const decoder = await Decoder.open(decoderModel, "decoder", host, { device });
  const codes = codeOf(await encoder.encode(images.slice(0, 8)));
  const decoded = await decoder.decode(codes);
  await encoder.release();
  await decoder.release();
  return { device, encoderModel, decoderModel, codes, decoded };
}

/** Opens something with so many threads, for its error. */
export async function openWithThreads(threads: number): Promise<void> {
  await Encoder.open(new Uint8Array(), "encoder", host, { threads });
}

/** Samples by several decoders at once, and again one after the other, on webgpu: the largest difference of a pixel. */
export async function sampleAtOnce(decoderModel: Uint8Array): Promise<number> {
  const open = () => Decoder.open(decoderModel, "decoder", host, { device: "webgpu" });
  const decoders = await Promise.all([open(), open()]);
  const seeds = [1, 2, 3, 4];
  const drawn = (seed: number) => decoders[seed % 2]!.sample(4, seed);
  const together = await Promise.all(seeds.map(drawn));
  let most = 0;
  for (const [i, seed] of seeds.entries()) {
    const { data } = await drawn(seed);
    for (const [k, value] of data.entries()) most = Math.max(most, Math.abs(value - together[i]!.data[k]!));
  }
  await Promise.all(decoders.map((decoder) => decoder.release()));
  return most;
}

/** Trains on webgpu while somebody asks for checkpoints all the time: the steps in each, by its position and its state. */
export async function checkpointWhileTraining(): Promise<readonly (readonly [number, number])[]> {
  const { images } = drawDigits(200, 1);
  const model = presets.vae({ image: images.image, hidden: [16], latent: 2 });
  const data = { train: images.slice(20), validation: images.slice(0, 20) };
  const trainer = await Trainer.open(model, { batch: 20, epochs: 2 }, data, { host, device: "webgpu" });
  const seen: (readonly [number, number])[] = [];
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      const { state, position } = await trainer.checkpoint();
      seen.push([position.epoch * trainer.stepsPerEpoch + position.step, Number(state.step!.data[0])]);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  })();
  for await (const _ of trainer.train());
  isOver = true;
  await watching;
  await trainer.release();
  return seen;
}
