/** How a model sees a few images while it is trained: weights go in as inputs, so that one session serves them all. */
import { factsOf, latentOf, type ModelDescription } from "../../../graphs/families.ts";
import { decoderGraph, encoderGraph } from "../../../graphs/inference.ts";
import type { Images } from "../../../src/data/images.ts";
import { Random } from "../../../src/data/random.ts";
import { type Tensors, tensor } from "../../../src/ir/tensor.ts";
import type { Host, HostOptions } from "../../host/host.ts";
import { codeOf, type Floats, rows } from "../../models.ts";
import { Session } from "../../session.ts";
import type { Pictures } from "./messages.ts";

const SHOWN = 20;
const SAMPLES = 40;
const CODES = 500;
/** Images a run, so that no call holds the device for long. */
const BATCH = 100;

export class Preview {
  readonly #encoder: Session;
  readonly #decoder: Session;
  readonly #images: Images;
  readonly #noise: Floats | null;
  #axes: readonly [x: number, y: number] = [0, 1];

  private constructor(encoder: Session, decoder: Session, images: Images, noise: Floats | null) {
    this.#encoder = encoder;
    this.#decoder = decoder;
    this.#images = images;
    this.#noise = noise;
  }

  /** Opens both halves for the first of these images. */
  static async open(
    model: ModelDescription,
    images: Images,
    host: Host,
    options: HostOptions,
  ): Promise<Preview> {
    const encoder = await Session.open(encoderGraph(model), host, options);
    const decoder = await Session.open(decoderGraph(model), host, options).catch(async (error) => {
      await encoder.release();
      throw error;
    });
    const latent = latentOf(model);
    const noise = new Random(1, "preview").fillNormal(new Float32Array(SAMPLES * latent));
    const drawn = factsOf(model).hasPrior ? tensor("float32", [SAMPLES, latent], noise) : null;
    return new Preview(encoder, decoder, images.slice(0, CODES), drawn);
  }

  /** What these weights make of the images. */
  async look(parameters: Tensors): Promise<Pictures> {
    const codes: Floats[] = [];
    const spreads: Floats[] = [];
    for (let start = 0; start < this.#images.count; start += BATCH) {
      const part = this.#images.slice(start, start + BATCH);
      const encoded = (await this.#encoder.run({
        ...fed(this.#encoder, parameters, part.labels),
        image: part.toTensor(),
      })) as Readonly<Record<string, Floats>>;
      codes.push(codeOf(encoded));
      if (encoded.log_variance !== undefined) spreads.push(encoded.log_variance);
    }
    const { labels } = this.#images;
    const shown = this.#images.slice(0, SHOWN);
    const first = rows(codes[0]!, 0, shown.count);
    // A code of a conditional model is drawn as each class in turn.
    const classes = labels && Uint8Array.from({ length: SAMPLES }, (_, i) => labels[i % labels.length]!);
    return {
      originals: shown.toTensor().data,
      reconstructions: await this.#decode(parameters, first, shown.labels),
      samples: this.#noise && (await this.#decode(parameters, this.#noise, classes)),
      codes: { ...this.#plane(codes, spreads), labels },
    };
  }

  async release(): Promise<void> {
    await this.#encoder.release();
    await this.#decoder.release();
  }

  async #decode(parameters: Tensors, latent: Floats, labels: Uint8Array | null): Promise<Float32Array> {
    const feeds = { ...fed(this.#decoder, parameters, labels), latent };
    const { image } = (await this.#decoder.run(feeds)) as Readonly<Record<string, Floats>>;
    return image!.data;
  }

  /** Codes in the plane of the two dimensions that say most, in the order that they have. */
  #plane(codes: readonly Floats[], spreads: readonly Floats[]) {
    const latent = codes[0]!.shape[1]!;
    const weights = weightsOf(codes, spreads, latent);
    const [a = 0, b = a] = [...weights.keys()].sort((i, j) => weights[j]! - weights[i]!);
    // Axes stay as long as they say about as much as others would: pictures that jump are hard to follow.
    if (this.#axes.some((axis) => !(weights[axis]! >= weights[b]! / 2)))
      this.#axes = [Math.min(a, b), Math.max(a, b)];
    const [x, y] = this.#axes;
    const along = (dimension: number) =>
      Float32Array.from(
        codes.flatMap(({ data }) =>
          Array.from({ length: data.length / latent }, (_, i) => data[i * latent + dimension]!),
        ),
      );
    return { axes: this.#axes, x: along(x), y: along(y) };
  }
}

/** What a half asks for besides its input: weights, and labels. */
function fed(session: Session, parameters: Tensors, labels: Uint8Array | null): Tensors {
  return Object.fromEntries(
    session.inputs.flatMap(({ name }) => {
      if (name === "label") return [[name, tensor("int32", [labels!.length], Int32Array.from(labels!))]];
      return parameters[name] === undefined ? [] : [[name, parameters[name]]];
    }),
  );
}

/** What each dimension tells: its mean KL divergence from the prior, or where there is none its variance. */
function weightsOf(codes: readonly Floats[], spreads: readonly Floats[], latent: number): Float64Array {
  const [sums, squares, divergence] = [0, 1, 2].map(() => new Float64Array(latent)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  let count = 0;
  for (const [part, { data }] of codes.entries()) {
    const logVariance = spreads[part]?.data;
    for (const [i, mean] of data.entries()) {
      const dimension = i % latent;
      sums[dimension]! += mean;
      squares[dimension]! += mean ** 2;
      const spread = logVariance?.[i] ?? 0;
      divergence[dimension]! += (mean ** 2 + Math.exp(spread) - spread - 1) / 2;
    }
    count += data.length / latent;
  }
  if (spreads.length > 0) return divergence.map((sum) => sum / count);
  return squares.map((sum, i) => sum / count - (sums[i]! / count) ** 2);
}
