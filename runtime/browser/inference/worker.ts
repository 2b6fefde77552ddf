/** The two halves of a model in a worker of their own, so that the page never waits for ONNX Runtime. */
import { expose, transfer } from "comlink";
import { sizeOf, tensor } from "../../../src/ir/tensor.ts";
import { type About, aboutModel } from "../../about.ts";
import { webHost } from "../../host/web.ts";
import { codeOf, Decoder, Encoder } from "../../models.ts";

/** A model that is open: what the page needs to know to show it. */
export interface Opened extends Omit<About, "model"> {
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
let classOf: (count: number) => Int32Array | null = () => null;

const inference = {
  /** What it runs on. */
  async device(): Promise<string> {
    const found = await host.probe("wasm");
    return found.works ? found.detail : `${found.reason}; ${found.advice}`;
  },

  /**
   * Opens a decoder, and an encoder that goes with it, in place of what was open. Throws one line where a file is no
   * ONNX model, or not of that kind, or the two don't fit each other; what was open stays then.
   */
  async open(decoderFile: ModelFile, encoderFile: ModelFile | null): Promise<Opened> {
    const { model: _, ...about } = aboutModel(decoderFile.bytes, decoderFile.name);
    const opened = await Decoder.open(decoderFile.bytes, decoderFile.name, host);
    const encoding = encoderFile && (await openEncoder(encoderFile).catch(releasing(opened)));
    const { latent, isConditional } = opened;
    const label = isConditional ? Int32Array.of(0) : null;
    const first = await opened
      .decode(tensor("float32", [1, latent], new Float32Array(latent)), label)
      .catch(releasing(opened));
    const [, ...image] = first.shape;
    await Promise.all([decoder?.release(), encoder?.release()]);
    decoder = opened;
    encoder = encoding ?? undefined;
    inference.choose(0);
    return {
      ...about,
      ...{ latent, isConditional, canEncode: encoding !== null },
      image: image as unknown as Opened["image"],
    };
  },

  /** The class of all that is encoded and decoded from now on, where the model asks for one. */
  choose(label: number): void {
    classOf = (count) => (decoder?.isConditional ? new Int32Array(count).fill(label) : null);
  },

  /** Images of codes `[count, latent]`. */
  async decode(codes: Float32Array, latent: number): Promise<Decoded> {
    const count = codes.length / latent;
    const begun = performance.now();
    const { data } = await required(decoder).decode(
      tensor("float32", [count, latent], codes),
      classOf(count),
    );
    const milliseconds = performance.now() - begun;
    const pixels = data.slice();
    return transfer({ pixels, milliseconds }, [pixels.buffer]);
  },

  /** The code of one image, `[channels, height, width]` in [0, 1]. */
  async encode(pixels: Float32Array, image: Opened["image"]): Promise<Float32Array> {
    const one = tensor("float32", [1, ...image], pixels.subarray(0, sizeOf(image)));
    return codeOf(await required(encoder).encode(one, classOf(1))).data.slice();
  },
};

/** What the page calls. */
export type Inference = typeof inference;

expose(inference);

async function openEncoder({ bytes, name }: ModelFile): Promise<Encoder> {
  aboutModel(bytes, name);
  return Encoder.open(bytes, name, host);
}

function releasing(opened: Decoder) {
  return async (error: unknown): Promise<never> => {
    await opened.release();
    throw error;
  };
}

function required<T>(half: T | undefined): T {
  if (half === undefined) throw new Error("no model is open");
  return half;
}
