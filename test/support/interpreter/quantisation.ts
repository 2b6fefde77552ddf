/** Numbers as small integers and back. */
import type { Kernels } from "./kernel.ts";
import { product } from "./product.ts";
import { at, axisFrom, generate, type HostTensor, type Index } from "./tensor.ts";

/** The nearest integer, the even one of two. */
function nearest(x: number): number {
  const below = Math.floor(x);
  const above = x - below;
  return above === 0.5 ? below + (below % 2 === 0 ? 0 : 1) : below + Number(above > 0.5);
}

const limits = { uint8: [0, 255], int8: [-128, 127] } as const;

function kept(dtype: "uint8" | "int8", value: number): number {
  const [least, most] = limits[dtype];
  return Math.min(Math.max(nearest(value), least), most);
}

/** The scale or zero point that belongs to an index: the only one, or the one at its place along the axis. */
const along = (of: HostTensor, index: Index, axis: number) =>
  of.shape.length === 0 ? at(of, []) : at(of, [index[axisFrom(axis, index.length)]!]);

const minus = (x: HostTensor, zeroPoint: HostTensor): HostTensor => ({
  ...x,
  dtype: "int32",
  data: x.data.map((value) => value - at(zeroPoint, [])),
});

type Quantisation = "QuantizeLinear" | "DequantizeLinear" | "DynamicQuantizeLinear" | "MatMulInteger";

export const quantisation: Kernels<Quantisation> = {
  QuantizeLinear: ([x, scale, zeroPoint], { axis }) => {
    const dtype = zeroPoint.dtype as "uint8" | "int8";
    const one = (index: Index) =>
      nearest(at(x, index) / along(scale, index, axis)) + along(zeroPoint, index, axis);
    return [generate(dtype, x.shape, (index) => kept(dtype, one(index)))];
  },
  DequantizeLinear: ([x, scale, zeroPoint], { axis }) => {
    const zero = (index: Index) => (zeroPoint === undefined ? 0 : along(zeroPoint, index, axis));
    return [
      generate("float32", x.shape, (index) => (at(x, index) - zero(index)) * along(scale, index, axis)),
    ];
  },
  DynamicQuantizeLinear: ([x]) => {
    const [low, high] = [Math.min(0, ...x.data), Math.max(0, ...x.data)];
    const scale = high === low ? 1 : (high - low) / 255;
    const zeroPoint = kept("uint8", -low / scale);
    return [
      generate("uint8", x.shape, (index) => kept("uint8", nearest(at(x, index) / scale) + zeroPoint)),
      { dtype: "float32", shape: [], data: [scale] },
      { dtype: "uint8", shape: [], data: [zeroPoint] },
    ];
  },
  MatMulInteger: ([a, b, aZeroPoint, bZeroPoint], _, run) =>
    product.MatMul([minus(a, aZeroPoint), minus(b, bZeroPoint)], {}, run),
};
