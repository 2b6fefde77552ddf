/** NumPy's `.npy` format, version 1.0: float32, row-major. */

import { arrayFromBytes } from "../src/ir/dtype.ts";
import { fail } from "../src/ir/error.ts";
import { sizeOf, type Tensor, tensor } from "../src/ir/tensor.ts";

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0];

/** The bytes of a file that `numpy.load` reads. */
export function writeNpy({ shape, data }: Tensor<"float32">): Uint8Array {
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${tuple}), }`;
  // Spaces and a line feed bring the data to a multiple of 64 bytes.
  const length = 64 * Math.ceil((10 + header.length + 1) / 64) - 10;
  const bytes = new Uint8Array(10 + length + data.byteLength);
  bytes.set(MAGIC);
  new DataView(bytes.buffer).setUint16(8, length, true);
  bytes.set(new TextEncoder().encode(`${header.padEnd(length - 1)}\n`), 10);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 10 + length);
  return bytes;
}

/** A float32 or float64 array, as float32. Throws where it is of another dtype or order, or damaged. */
export function readNpy(bytes: Uint8Array, subject: string): Tensor<"float32"> {
  if (bytes.length < 12 || !MAGIC.slice(0, 6).every((byte, i) => bytes[i] === byte))
    fail(subject, "is not a .npy file");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isLong = (bytes[6] ?? 1) > 1;
  const start = (isLong ? 12 : 10) + (isLong ? view.getUint32(8, true) : view.getUint16(8, true));
  const header = new TextDecoder("latin1").decode(bytes.subarray(10, start));
  const [, descr] = /'descr':\s*'([^']*)'/.exec(header) ?? [];
  const [, dims = ""] =
    /'shape':\s*\(([^)]*)\)/.exec(header) ?? fail(subject, "is damaged: its header has no shape");
  if (/'fortran_order':\s*True/.test(header))
    fail(subject, "is in Fortran order; save it with numpy.ascontiguousarray");
  const dtype =
    descr === "<f4"
      ? "float32"
      : descr === "<f8"
        ? "float64"
        : fail(subject, `holds ${descr}; float32 was expected`);
  const shape = dims
    .split(",")
    .filter((dim) => dim.trim() !== "")
    .map(Number);
  const content = bytes.subarray(start);
  const width = dtype === "float32" ? 4 : 8;
  if (content.length !== sizeOf(shape) * width)
    fail(subject, `is damaged: [${shape}] needs ${sizeOf(shape) * width} bytes, it has ${content.length}`);
  return tensor("float32", shape, Float32Array.from(arrayFromBytes(dtype, content)));
}
