/** Trained halves, ready to use: an encoder and a decoder over any exported `.onnx`. */
import { Images } from "../src/data/images.ts";
import { Random } from "../src/data/random.ts";
import { fail } from "../src/ir/error.ts";
import { showShape } from "../src/ir/shape.ts";
import { sizeOf, type Tensor, tensor } from "../src/ir/tensor.ts";
import type { Host, HostOptions } from "./host/host.ts";
import { Session } from "./session.ts";

export type Floats = Tensor<"float32">;

/** Rows a run; a longer batch goes through in parts. */
const BATCH = 500;

/** Rows `start` to `end` − 1 of a tensor along its first axis, as a view; fewer where it has fewer. */
export function rows(of: Floats, start: number, end: number): Floats {
  const [count = 0, ...row] = of.shape;
  const size = sizeOf(row);
  const last = Math.min(count, end);
  return tensor("float32", [last - start, ...row], of.data.subarray(start * size, last * size));
}

/** Runs a model of one input part by part along the batch, and joins its outputs. */
async function inParts(
  session: Session,
  name: string,
  batch: Floats,
): Promise<Readonly<Record<string, Floats>>> {
  const [count = 0] = batch.shape;
  const parts: Readonly<Record<string, Floats>>[] = [];
  for (let start = 0; start < Math.max(1, count); start += BATCH) {
    const part = rows(batch, start, start + BATCH);
    parts.push((await session.run({ [name]: part })) as Readonly<Record<string, Floats>>);
  }
  if (parts.length === 1) return parts[0]!;
  return Object.fromEntries(
    Object.keys(parts[0]!).map((output) => [output, joined(parts.map((part) => part[output]!))]),
  );
}

/** Tensors one after the other along their first axis. */
export function joined(parts: readonly Floats[]): Floats {
  const data = new Float32Array(parts.reduce((length, part) => length + part.data.length, 0));
  let at = 0;
  for (const part of parts) {
    data.set(part.data, at);
    at += part.data.length;
  }
  const count = parts.reduce((rows, part) => rows + part.shape[0]!, 0);
  return tensor("float32", [count, ...parts[0]!.shape.slice(1)], data);
}

/** What all models of one named input have in common; throws where `model` has another one. */
async function openHalf(
  model: Uint8Array,
  subject: string,
  input: string,
  host: Host,
  options: HostOptions,
): Promise<Session> {
  const session = await Session.load(model, subject, host, options);
  const names = session.inputs.map(({ name }) => name);
  if (names.length !== 1 || names[0] !== input) {
    await session.release();
    fail(subject, `takes ${names.join(", ")}; a model with the one input ${input} was expected`);
  }
  return session;
}

/** Images to codes. */
export class Encoder {
  readonly #session: Session;

  private constructor(session: Session) {
    this.#session = session;
  }

  /** Opens the bytes of an `encoder.onnx`; `subject` names it in errors. */
  static async open(
    model: Uint8Array,
    subject: string,
    host: Host,
    options: HostOptions = {},
  ): Promise<Encoder> {
    return new Encoder(await openHalf(model, subject, "image", host, options));
  }

  /** `[batch, channels, height, width]`, as the model declares it. */
  get imageShape(): readonly (number | string)[] {
    return this.#session.inputs[0]!.shape;
  }

  /**
   * Codes of images: 8-bit ones, or float32 `[batch, channels, height, width]` in [0, 1]. Returns what the model does
   * by name, each `[batch, latent]`: `mean` and `log_variance` of a VAE, `code` of a plain autoencoder.
   */
  async encode(images: Images | Floats): Promise<Readonly<Record<string, Floats>>> {
    return inParts(this.#session, "image", images instanceof Images ? images.toTensor() : images);
  }

  async release(): Promise<void> {
    await this.#session.release();
  }
}

/** The code in what an encoder returned: the mean of a posterior, or the code itself. */
export function codeOf(encoded: Readonly<Record<string, Floats>>): Floats {
  return (
    encoded.mean ??
    encoded.code ??
    fail("encoder", `returns neither mean nor code, but ${Object.keys(encoded).join(", ")}`)
  );
}

/** Codes to images. */
export class Decoder {
  readonly #session: Session;

  private constructor(session: Session) {
    this.#session = session;
  }

  /** Opens the bytes of a `decoder.onnx`; `subject` names it in errors. */
  static async open(
    model: Uint8Array,
    subject: string,
    host: Host,
    options: HostOptions = {},
  ): Promise<Decoder> {
    return new Decoder(await openHalf(model, subject, "latent", host, options));
  }

  /** The number of latent dimensions. */
  get latent(): number {
    const { shape } = this.#session.inputs[0]!;
    const [, latent] = shape;
    return typeof latent === "number" ? latent : fail("decoder", `takes codes of shape ${showShape(shape)}`);
  }

  /** Mean images float32 `[batch, channels, height, width]` in [0, 1] of codes `[batch, latent]`. */
  async decode(latent: Floats): Promise<Floats> {
    const { image } = await inParts(this.#session, "latent", latent);
    return image ?? fail("decoder", "returns no image");
  }

  /** Images of `count` codes drawn from the standard normal prior: the same seed gives the same images. */
  async sample(count: number, seed: number): Promise<Floats> {
    const noise = new Random(seed, "sample").fillNormal(new Float32Array(count * this.latent));
    return this.decode(tensor("float32", [count, this.latent], noise));
  }

  async release(): Promise<void> {
    await this.#session.release();
  }
}

/** Codes on the straight line from each of `from` to its partner in `to`: `[rows · steps, latent]`, both ends inside. */
export function interpolate(from: Floats, to: Floats, steps: number): Floats {
  if (steps < 2) fail("interpolate", `needs at least 2 steps, got ${steps}`);
  if (showShape(from.shape) !== showShape(to.shape))
    fail("interpolate", `${showShape(from.shape)} and ${showShape(to.shape)} differ`);
  const [rows = 0, latent = 0] = from.shape;
  const data = new Float32Array(rows * steps * latent);
  for (let i = 0; i < data.length; i++) {
    const row = Math.floor(i / (steps * latent));
    const at = (Math.floor(i / latent) % steps) / (steps - 1);
    const k = row * latent + (i % latent);
    data[i] = (1 - at) * from.data[k]! + at * to.data[k]!;
  }
  return tensor("float32", [rows * steps, latent], data);
}
