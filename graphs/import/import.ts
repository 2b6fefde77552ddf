/** Models that others exported, one file or two, as a description to train and the parameters to begin with. */
import type { z } from "zod";
import type { ImageShape } from "../../src/data/images.ts";
import { fail } from "../../src/ir/error.ts";
import { type Graph, graph, type Values } from "../../src/ir/graph.ts";
import { within } from "../../src/ir/origin.ts";
import { type Shape, showShape, staticShape } from "../../src/ir/shape.ts";
import { sizeOf, type Tensors } from "../../src/ir/tensor.ts";
import { input, type Value } from "../../src/ir/value.ts";
import { decode } from "../../src/onnx/decode.ts";
import { encode } from "../../src/onnx/encode.ts";
import { cuts } from "../../src/onnx/names.ts";
import { reshape } from "../../src/ops/index.ts";
import { inline } from "../../src/passes/inline.ts";
import { describe, type ModelDescription } from "../families.ts";
import type { Floats } from "../model.ts";
import type { Loss } from "../models/losses.ts";
import type { onnx } from "../models/onnx.ts";
import { codesOf, type File, fileOf, onlyInput, reconstructionOf, type Told } from "./file.ts";
import { holdsImages, type Layout, laidOut, layoutOf, logitsOf, rowsOf } from "./layout.ts";

/** What can be said of a model from elsewhere. */
export interface ImportOptions extends Told {
  /** The images to train on. */
  readonly image: ImageShape;
  /** `elbo` for an encoder with a mean and a log-variance, else `mse`, unless told. */
  readonly loss?: Loss | undefined;
  readonly likelihood?: z.input<typeof onnx.config>["likelihood"];
  /** What errors call the files. */
  readonly subjects?: { readonly model: string; readonly decoder: string } | undefined;
}

export interface ImportedModel {
  readonly model: ModelDescription;
  /** The weights in the files, under the names there; of two files after `encoder.` and `decoder.`. */
  readonly parameters: Tensors;
}

/** One half in our own form: what it takes is named as in our files, its parameters are inputs. */
interface Half {
  readonly graph: Graph;
  readonly parameters: Tensors;
}

/**
 * An encoder and its decoder, or one file that is both and is cut at its code, with a loss attached. Float weights
 * become parameters; running statistics, scalars and what is no float stay as they are. Throws one line where a file
 * can't be read, or is not what it was taken for.
 */
export function importModel(
  model: Uint8Array,
  decoder: Uint8Array | undefined,
  options: ImportOptions,
): ImportedModel {
  const { image, subjects = { model: "model", decoder: "decoder" } } = options;
  const first = fileOf(model, subjects.model);
  const second = decoder === undefined ? undefined : fileOf(decoder, subjects.decoder);
  const from = onlyInput(first);
  const layout = layoutOf(first.names.inputs[from]!, image, first.subject, from);
  const open = { [from]: layout.shape };
  const codes = codesOf(first, options, second === undefined) ?? undecided(first, options, open, from);
  const loss = options.loss ?? (codes.code === undefined ? "elbo" : "mse");
  const { likelihood = { kind: "bernoulli" } } = options;

  const encoding = decode(first.bytes, first.subject, { inputs: open, outputs: Object.values(codes) });
  const code = encoding.outputs[codes.code ?? codes.mean!]!.shape;
  const latent = sizeOf(staticShape(first.subject, code.slice(1)));
  const encoder = encoderHalf(encoding, { from, codes, layout, latent }, options, prefix("encoder", second));

  const file = second ?? first;
  const into = second === undefined ? (options.code ?? codes.code ?? codes.mean!) : onlyInput(second);
  const cut = second === undefined ? { ...open, [into]: code } : { [into]: codeShape(second, into, latent) };
  const output = reconstructionOf(file, options, second === undefined ? [...Object.values(codes), into] : []);
  const decoding = decode(file.bytes, file.subject, { inputs: cut, outputs: [output] });
  if (second === undefined && Object.hasOwn(decoding.inputs, from))
    fail(
      first.subject,
      `${into} is not all that its images are made of: they depend on ${from} by another way`,
    );
  const isLogits = loss === "bernoulli" || (loss === "elbo" && likelihood.kind === "bernoulli");
  const half = decoderHalf(
    decoding,
    { into, latent, isLogits },
    options,
    file.subject,
    prefix("decoder", second),
  );

  const graphs = { encoder: base64(encode(encoder.graph)), decoder: base64(encode(half.graph)) };
  return {
    model: describe({ family: "onnx", image, latent, loss, likelihood, graphs }),
    parameters: { ...encoder.parameters, ...half.parameters },
  };
}

/** What the parameters' names begin with, where there are two files with names of their own. */
function prefix(half: string, second: File | undefined): string {
  return second === undefined ? "" : `${half}.`;
}

/** Says what is missing beside a file that comes alone: its decoder, or where to cut it. */
function undecided(
  file: File,
  options: ImportOptions,
  open: Readonly<Record<string, Shape>>,
  from: string,
): never {
  const { bytes, subject } = file;
  const to = reconstructionOf(file, options, []);
  const y = decode(bytes, subject, { inputs: open, outputs: [to] }).outputs[to]!;
  if (!holdsImages(y.shape, options.image))
    return fail(
      subject,
      `gives ${to} ${showShape(y.shape)}, which is no image: give its decoder as well (--decoder)`,
    );
  const names = cuts(bytes, from, to);
  const { outputs } = decode(bytes, subject, { inputs: open, outputs: [to, ...names] });
  const sizeAt = (name: string) =>
    sizeOf(outputs[name]!.shape.slice(1).map((size) => (typeof size === "number" ? size : 1)));
  const [narrowest] = names.toSorted((a, b) => sizeAt(a) - sizeAt(b));
  const hint =
    narrowest === undefined ? "" : `; the narrowest is ${narrowest} ${showShape(outputs[narrowest]!.shape)}`;
  return fail(subject, `is a whole autoencoder: name the tensor that is its code (--code)${hint}`);
}

/** The shape of codes that a decoder declares, its batch left open. Throws where it does not hold `latent` numbers. */
function codeShape({ names, subject }: File, into: string, latent: number): Shape {
  const declared = names.inputs[into]!;
  const rest = declared.length === 2 && typeof declared[1] === "string" ? [latent] : declared.slice(1);
  if (sizeOf(staticShape(subject, rest)) !== latent)
    fail(subject, `takes codes ${showShape(declared)}, the encoder gives ${latent} numbers an image`);
  return ["batch", ...rest];
}

function encoderHalf(
  foreign: Graph,
  {
    from,
    codes,
    layout,
    latent,
  }: { from: string; codes: Readonly<Record<string, string>>; layout: Layout; latent: number },
  { image: { channels, height, width } }: ImportOptions,
  prefix: string,
): Half {
  const image = input("image", "float32", ["batch", channels, height, width]);
  return halfOf("encoder", foreign, { image }, prefix, (parameters) => {
    const given = inline(foreign, { ...parameters, [from]: laidOut(image, layout) });
    return Object.fromEntries(Object.entries(codes).map(([key, name]) => [key, flat(given[name]!, latent)]));
  });
}

function decoderHalf(
  foreign: Graph,
  { into, latent, isLogits }: { into: string; latent: number; isLogits: boolean },
  { image }: ImportOptions,
  subject: string,
  prefix: string,
): Half {
  const code = input("latent", "float32", ["batch", latent]);
  return halfOf("decoder", foreign, { latent: code }, prefix, (parameters) => {
    const shape = staticShape(subject, foreign.inputs[into]!.shape.slice(1));
    const fed = shape.length === 1 ? code : reshape(code, [-1, ...shape]);
    const [[name, y]] = Object.entries(inline(foreign, { ...parameters, [into]: fed })) as [[string, Floats]];
    const layout = layoutOf(y.shape, image, subject, name);
    return { output: rowsOf((isLogits ? logitsOf(y, subject) : y) as Floats, layout) };
  });
}

/** `[batch, latent]` */
function flat(code: Value, latent: number): Value {
  return code.shape.length === 2 ? code : reshape(code, [0, latent]);
}

/** What our own files call other things. */
const reserved = new Set(
  "image images latent noise index learning_rate kl_weight step loss reconstruction kl mean log_variance code output elbo log_weights".split(
    " ",
  ),
);

/** A graph over our inputs, and the foreign one's trainable weights as parameters under names that nothing else has. */
function halfOf(
  name: "encoder" | "decoder",
  foreign: Graph,
  inputs: Values,
  prefix: string,
  build: (parameters: Values) => Values,
): Half {
  const trainable = Object.entries(foreign.weights).filter(
    ([, { dtype, shape }]) => dtype === "float32" && shape.length > 0,
  );
  const isPrefixed = trainable.every(([key]) => key.startsWith(prefix));
  const nameOf = (key: string) => (reserved.has(key) ? `model.${key}` : key);
  const named = trainable.map(
    ([key, tensor]) => [key, isPrefixed ? nameOf(key) : prefix + key, tensor] as const,
  );
  const values = named.map(([key, name, { shape }]) => [key, input(name, "float32", shape)] as const);
  const outputs = within(name, () => build(Object.fromEntries(values)));
  const parameters = Object.fromEntries(named.map(([, name, tensor]) => [name, tensor]));
  const own = Object.fromEntries(values.map(([, value], i) => [named[i]![1], value]));
  return { graph: graph(name, { ...inputs, ...own }, outputs), parameters };
}

function base64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}
