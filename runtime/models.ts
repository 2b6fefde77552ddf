/** Trained halves, ready to use: an encoder and a decoder over any exported `.onnx`. */
import { Images } from "../src/data/images.ts";
import { Random } from "../src/data/random.ts";
import { fail } from "../src/ir/error.ts";
import { showShape } from "../src/ir/shape.ts";
import { sizeOf, type Tensor, tensor } from "../src/ir/tensor.ts";
import type { Host, HostOptions } from "./host/host.ts";
import { Session } from "./session.ts";

/** Images or codes, one a row of the first axis. */
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

/** Class numbers of a batch, for a model that asks for them. */
export type Labels = ArrayLike<number>;

/** Runs a model part by part along the batch, and joins its outputs. Throws where labels are missing or too few. */
async function inParts(
  session: Session,
  name: string,
  batch: Floats,
  labels: Labels | null,
): Promise<Readonly<Record<string, Floats>>> {
  const [count = 0] = batch.shape;
  const all = isConditional(session)
    ? (labels ?? fail(name, "the model asks for labels, one for each"))
    : null;
  if (all !== null && all.length !== count)
    fail(name, `${all.length} labels are not one for each of ${count}`);
  const parts: Readonly<Record<string, Floats>>[] = [];
  for (let start = 0; start < Math.max(1, count); start += BATCH) {
    const part = rows(batch, start, start + BATCH);
    const size = part.shape[0]!;
    const label =
      all &&
      tensor(
        "int32",
        [size],
        Int32Array.from({ length: size }, (_, i) => all[start + i]!),
      );
    const results = await session.run({ [name]: part, ...(label && { label }) });
    parts.push(results as Readonly<Record<string, Floats>>);
  }
  if (parts.length === 1) return parts[0]!;
  return Object.fromEntries(
    Object.keys(parts[0]!).map((output) => [output, joined(parts.map((part) => part[output]!))]),
  );
}

function isConditional(session: Session): boolean {
  return session.inputs.some(({ name }) => name === "label");
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

/** Opens a model of one named input, and `label` where it is conditional; throws where it has another one. */
async function openHalf(
  model: Uint8Array,
  subject: string,
  input: string,
  host: Host,
  options: HostOptions,
): Promise<Session> {
  const session = await Session.load(model, subject, host, options);
  const names = session.inputs.map(({ name }) => name).filter((name) => name !== "label");
  if (names.length !== 1 || names[0] !== input) {
    await session.release();
    // A training graph has its weights among them, dozens.
    const first =
      names.length > 4 ? `${names.slice(0, 3).join(", ")} and ${names.length - 3} more` : names.join(", ");
    fail(subject, `takes ${first}; a model with the one input ${input} was expected`);
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
   * by name, each `[batch, latent]`: `mean` and `log_variance` of a VAE, `code` of a plain autoencoder. A conditional
   * model asks for `labels`; 8-bit images bring theirs along.
   */
  async encode(
    images: Images | Floats,
    labels: Labels | null = null,
  ): Promise<Readonly<Record<string, Floats>>> {
    if (!(images instanceof Images)) return inParts(this.#session, "image", images, labels);
    return inParts(this.#session, "image", images.toTensor(), labels ?? images.labels);
  }

  /** Whether it asks for labels. */
  get isConditional(): boolean {
    return isConditional(this.#session);
  }

  /** Frees the model's memory. */
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

  /** Whether it asks for labels. */
  get isConditional(): boolean {
    return isConditional(this.#session);
  }

  /** Mean images float32 `[batch, channels, height, width]` in [0, 1] of codes `[batch, latent]`, and their labels. */
  async decode(latent: Floats, labels: Labels | null = null): Promise<Floats> {
    const { image } = await inParts(this.#session, "latent", latent, labels);
    return image ?? fail("decoder", "returns no image");
  }

  /** Images of `count` codes drawn from the standard normal prior: the same seed gives the same images. */
  async sample(count: number, seed: number, labels: Labels | null = null): Promise<Floats> {
    return this.decode(priorCodes(count, this.latent, seed), labels);
  }

  /** Frees the model's memory. */
  async release(): Promise<void> {
    await this.#session.release();
  }
}

/** Codes `[count, latent]` drawn from the standard normal prior: a seed means the same ones wherever it is given. */
export function priorCodes(count: number, latent: number, seed: number): Floats {
  const noise = new Random(seed, "sample").fillNormal(new Float32Array(count * latent));
  return tensor("float32", [count, latent], noise);
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
