/** Files from other exporters: which of their tensors are the codes and the images, by name or as told. */
import { fail } from "../../src/ir/error.ts";
import { decode } from "../../src/onnx/decode.ts";
import { type TensorNames, tensorNames } from "../../src/onnx/names.ts";
import type { Loss } from "../models/losses.ts";

/** Names of tensors in the files, for whatever can't be told by itself. */
export interface Told {
  readonly mean?: string | undefined;
  readonly logVariance?: string | undefined;
  /** The code of a plain autoencoder, or where a file that is encoder and decoder is cut in two. */
  readonly code?: string | undefined;
  readonly reconstruction?: string | undefined;
}

/** A file, what errors call it, and what is in it. */
export interface File {
  readonly bytes: Uint8Array;
  readonly subject: string;
  readonly names: TensorNames;
}

/** Throws where the bytes are no model that can be read. */
export function fileOf(bytes: Uint8Array, subject: string): File {
  decode(bytes, subject, { outputs: [] });
  return { bytes, subject, names: tensorNames(bytes) };
}

/** The name of the one thing that the model takes. */
export function onlyInput({ names, subject }: File): string {
  const [name, ...more] = Object.keys(names.inputs);
  if (name !== undefined && more.length === 0) return name;
  return fail(
    subject,
    `takes ${Object.keys(names.inputs).join(", ") || "nothing"}; a model with one input was expected`,
  );
}

/** Names without path, number and spelling, such as `zmean` for `encoder/z_mean:0`. */
const words = {
  mean: ["mean", "zmean", "mu", "zmu", "loc"],
  logVariance: ["logvariance", "zlogvariance", "logvar", "zlogvar"],
  code: ["code", "latent", "z", "embedding"],
  reconstruction: ["reconstruction", "recon", "xhat", "xrecon", "image", "images", "output", "decoded", "y"],
} as const;

function bare(name: string): string {
  const last = name.split("/").at(-1) ?? "";
  return last
    .replace(/:\d+$/, "")
    .replace(/[^a-z]/gi, "")
    .toLowerCase();
}

/** The tensor of that name if it was told, or else the output with such a name. */
function find(
  { names, subject }: File,
  told: string | undefined,
  kind: keyof typeof words,
): string | undefined {
  if (told === undefined)
    return names.outputs.find((name) => (words[kind] as readonly string[]).includes(bare(name)));
  if (names.made.includes(told)) return told;
  return fail(subject, `makes no tensor ${told}; its outputs are ${names.outputs.join(", ")}`);
}

/**
 * The tensors that are the codes: `mean` and `log_variance`, or `code`; undefined where the file is a whole autoencoder
 * and does not say. Throws, with the outputs that there are, where one can't be told.
 */
export function codesOf(
  file: File,
  told: Told & { readonly loss?: Loss | undefined },
  isWhole: boolean,
): Readonly<Record<string, string>> | undefined {
  const { names, subject } = file;
  const mean = find(file, told.mean, "mean");
  const log_variance = find(file, told.logVariance, "logVariance");
  const code = isWhole && told.code === undefined ? undefined : find(file, told.code, "code");
  const isVariational =
    told.loss === undefined ? mean !== undefined && log_variance !== undefined : told.loss === "elbo";
  const outputs = `its outputs are ${names.outputs.join(", ")}`;
  if (isVariational) {
    if (mean === undefined) return fail(subject, `which tensor is the mean? Name it by --mean; ${outputs}`);
    if (log_variance === undefined)
      return fail(subject, `which tensor is the log-variance? Name it by --log-variance; ${outputs}`);
    return { mean, log_variance };
  }
  if (isWhole) return code === undefined ? undefined : { code };
  const [only, ...more] = names.outputs;
  const chosen = code ?? (more.length === 0 ? only : undefined);
  return chosen === undefined
    ? fail(subject, `which tensor is the code? Name it by --code; ${outputs}`)
    : { code: chosen };
}

/** The tensor that is the images: the one that was told, the only output but for `others`, or one of such a name. */
export function reconstructionOf(file: File, told: Told, others: readonly string[]): string {
  const { names, subject } = file;
  const left = names.outputs.filter((name) => !others.includes(name));
  if (left.length === 0 && told.reconstruction === undefined)
    fail(subject, `gives ${names.outputs.join(", ")} and no images: give its decoder as well (--decoder)`);
  const found =
    told.reconstruction === undefined && left.length === 1
      ? left[0]
      : find(file, told.reconstruction, "reconstruction");
  return (
    found ??
    fail(
      subject,
      `which tensor holds the images? Name it by --reconstruction; its outputs are ${names.outputs.join(", ")}`,
    )
  );
}
