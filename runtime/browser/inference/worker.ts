/** The two halves of a model in a worker of their own, so that the page never waits for ONNX Runtime. */
import { expose, transfer } from "comlink";
import { fail } from "../../../src/ir/error.ts";
import { tensor } from "../../../src/ir/tensor.ts";
import { type About, aboutModel } from "../../about.ts";
import { webHost } from "../../host/web.ts";
import { codeOf, Decoder, Encoder } from "../../models.ts";
import { inTurn, openAll } from "../../turn.ts";

/** A model that is open: what the page needs to know to show it. */
export interface Opened extends Omit<About, "model"> {
  /** Names it in later calls. */
  readonly id: number;
  /** The number of latent dimensions. */
  readonly latent: number;
  /** The shape of what is decoded: `[channels, height, width]`. */
  readonly image: readonly [channels: number, height: number, width: number];
  /** Whether there is an encoder. */
  readonly canEncode: boolean;
  /** Whether it asks for a class. */
  readonly isConditional: boolean;
}

/** A file's bytes, and what it is called in errors. */
export interface ModelFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Pixels of decoded images, one after the other, and how long the decoder took, in milliseconds. */
export interface Decoded {
  readonly pixels: Float32Array;
  readonly milliseconds: number;
}

const host = webHost();
let decoder: Decoder | undefined;
let encoder: Encoder | undefined;
let current = 0;

/** Of two models that are opened at once the later one is to stay, however long the first one takes. */
const turn = inTurn();
let classOf: (count: number) => Int32Array | null = () => null;

const inference = {
  /** What it runs on: what could be done for more is for who serves the page, and the Train panel says it. */
  async device(): Promise<string> {
    const found = await host.probe("wasm");
    return (found.works ? found.detail : found.reason).split(";", 1)[0]!;
  },

  /**
   * Opens a decoder, and an encoder that goes with it, in place of what was open. Throws one line where a file is no
   * ONNX model, or not of that kind, or the two don't fit each other; what was open stays then.
   */
  open: (decoderFile: ModelFile, encoderFile: ModelFile | null): Promise<Opened> =>
    turn(() => open(decoderFile, encoderFile)),

  /** The class of all that is encoded and decoded from now on, where the model asks for one. */
  choose(label: number): void {
    classOf = (count) => (decoder?.isConditional ? new Int32Array(count).fill(label) : null);
  },

  /** Images of codes `[count, latent]`; null where another model has been opened since. */
  async decode({ id, latent }: Opened, codes: Float32Array): Promise<Decoded | null> {
    if (id !== current || decoder === undefined) return null;
    const count = codes.length / latent;
    const begun = performance.now();
    const { data } = await decoder.decode(tensor("float32", [count, latent], codes), classOf(count));
    const milliseconds = performance.now() - begun;
    const pixels = data.slice();
    return transfer({ pixels, milliseconds }, [pixels.buffer]);
  },

  /** The code of one image, `[channels, height, width]` in [0, 1]; null as above. */
  async encode({ id, image }: Opened, pixels: Float32Array): Promise<Float32Array | null> {
    if (id !== current || encoder === undefined) return null;
    return codeOf(await encoder.encode(tensor("float32", [1, ...image], pixels), classOf(1))).data.slice();
  },
};

/** What the page calls. */
export type Inference = typeof inference;

expose(inference);

/** What `inference.open` does, once it is its turn. */
async function open(decoderFile: ModelFile, encoderFile: ModelFile | null): Promise<Opened> {
  const { model: _, ...about } = aboutModel(decoderFile.bytes, decoderFile.name);
  const opened = await openAll(async (releases) => {
    const decoder = await Decoder.open(decoderFile.bytes, decoderFile.name, host);
    releases.push(() => decoder.release());
    const { latent, isConditional } = decoder;
    const label = isConditional ? Int32Array.of(0) : null;
    const picture = await decoder.decode(tensor("float32", [1, latent], new Float32Array(latent)), label);
    if (encoderFile === null) return { decoder, encoder: undefined, picture };
    aboutModel(encoderFile.bytes, encoderFile.name);
    const encoder = await Encoder.open(encoderFile.bytes, encoderFile.name, host);
    releases.push(() => encoder.release());
    const [, dimensions] = codeOf(await encoder.encode(picture, label)).shape;
    if (dimensions !== latent)
      fail(encoderFile.name, `gives codes of ${dimensions} dimensions; ${decoderFile.name} takes ${latent}`);
    return { decoder, encoder, picture };
  });
  await Promise.all([decoder?.release(), encoder?.release()]);
  ({ decoder, encoder } = opened);
  current++;
  inference.choose(0);
  const { latent, isConditional } = opened.decoder;
  const [, channels, height, width] = opened.picture.shape as readonly [number, number, number, number];
  return {
    ...about,
    ...{ id: current, latent, isConditional, canEncode: encoder !== undefined },
    image: [channels, height, width],
  };
}
