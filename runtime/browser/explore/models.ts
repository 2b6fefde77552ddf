/** The models that a page can show: those that come with it, files, and addresses. */
import { fail } from "../../../src/ir/error.ts";
import type { ModelFile } from "../inference/worker.ts";

/** A model by its halves. */
export interface ModelFiles {
  readonly name: string;
  readonly decoder: ModelFile;
  readonly encoder: ModelFile | null;
}

/** The models that `make web-models` trains on the embedded digits. */
export const bundled = [
  { name: "Digits in two dimensions", folder: "models/digits-2d/" },
  { name: "Digits in ten dimensions", folder: "models/digits-10d/" },
] as const;

/** One of them, from beside the page. */
export async function fetchBundled(at: number): Promise<ModelFiles> {
  const { name, folder } = bundled[at]!;
  const [decoder, encoder] = await Promise.all(
    ["decoder.onnx", "encoder.onnx"].map((file) => fetchFile(new URL(folder + file, document.baseURI).href)),
  );
  return { name, decoder: decoder!, encoder: encoder! };
}

/** A model from addresses. Throws one line where one can't be reached. */
export async function fetchModel(decoder: string, encoder: string): Promise<ModelFiles> {
  const [first, second] = await Promise.all([fetchFile(decoder), encoder === "" ? null : fetchFile(encoder)]);
  return {
    name: new URL(decoder, document.baseURI).pathname.split("/").at(-1)!,
    decoder: first,
    encoder: second,
  };
}

async function fetchFile(address: string): Promise<ModelFile> {
  const response = await fetch(address).catch(() =>
    fail(
      address,
      "can't be reached: is the address right, and does its server allow other pages to read it (CORS)? A file can be opened instead",
    ),
  );
  if (!response.ok) fail(address, `its server says ${response.status} ${response.statusText}`.trimEnd());
  return { name: address.split("/").at(-1) || address, bytes: new Uint8Array(await response.arrayBuffer()) };
}

/** Files that were chosen or dropped: a decoder, and an encoder where one of two says so by its name. */
export async function readModel(files: readonly File[]): Promise<ModelFiles> {
  const wrong = files.find(({ name }) => !name.toLowerCase().endsWith(".onnx"));
  if (wrong) fail(wrong.name, "is no .onnx file: choose a decoder.onnx, with its encoder.onnx if you like");
  if (files.length > 2)
    fail("model", `these are ${files.length} files: choose a decoder.onnx and its encoder.onnx`);
  const read = await Promise.all(
    files.map(async (file) => ({ name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) })),
  );
  const encoder =
    read.length === 2 ? read.find(({ name }) => /encoder/i.test(name) && !/decoder/i.test(name)) : null;
  if (encoder === undefined)
    fail(
      "model",
      `which of ${files.map(({ name }) => name).join(" and ")} is the encoder? Its name should say so`,
    );
  const decoder = read.find((file) => file !== encoder) ?? fail("model", "no file was chosen");
  return { name: decoder.name, decoder, encoder };
}
