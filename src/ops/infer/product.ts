/** Types of matrix products, convolutions and pooling. */
import { fail } from "../../ir/error.ts";
import { broadcast, type Dim, type Shape, sameShape, showShape, slid } from "../../ir/shape.ts";
import type { Value } from "../../ir/value.ts";
import type { OpType, Window } from "../../ir/vocabulary.ts";
import { commonDType, type Family, requireRank, type Type } from "./type.ts";

/** A window's attributes, where an operator has them. */
type Windowed = Omit<Window, "dilations"> & {
  readonly dilations?: readonly number[];
  readonly output_padding?: readonly number[];
};

/** Every list has an element a spatial axis, and `pads` two. */
function requireWindow(op: OpType, x: Value, window: Windowed): void {
  const rank = x.shape.length - 2;
  for (const name of ["kernel_shape", "strides", "dilations", "pads", "output_padding"] as const) {
    const given = window[name];
    if (given !== undefined && given.length !== (name === "pads" ? 2 * rank : rank))
      fail(op, `${name} [${given}] does not fit the ${rank} spatial axes of ${showShape(x.shape)}`);
  }
}

/** The size of each spatial axis after a window has slid over it. */
function slide(op: OpType, x: Value, window: Windowed): Shape {
  requireWindow(op, x, window);
  const spatial = x.shape.slice(2);
  return spatial.map((size, i) => {
    const pad = (window.pads[i] ?? 0) + (window.pads[i + spatial.length] ?? 0);
    const out = slid(
      size,
      window.kernel_shape[i] ?? 1,
      window.strides[i] ?? 1,
      window.dilations?.[i] ?? 1,
      pad,
    );
    if (typeof out === "number" && out < 1)
      fail(op, `a kernel of [${window.kernel_shape}] is larger than the padded ${showShape(x.shape)}`);
    return out;
  });
}

function requireKernel(op: OpType, w: Value, kernel: readonly number[]): void {
  if (!sameShape(w.shape.slice(2), kernel))
    fail(op, `kernel_shape [${kernel}] is not that of the weight ${showShape(w.shape)}`);
}

function requireBias(op: OpType, bias: Value | undefined, channels: Dim): void {
  if (bias !== undefined && (bias.shape.length !== 1 || bias.shape[0] !== channels)) {
    fail(op, `bias ${showShape(bias.shape)} does not fit ${channels} channels`);
  }
}

const pool = ([x]: readonly [Value], window: Omit<Window, "dilations">, op: OpType): Type[] => {
  requireRank(op, x, 3);
  const spatial = slide(op, x, window);
  const { kernel_shape, pads } = window;
  if (pads.some((pad, i) => pad >= kernel_shape[i % kernel_shape.length]!))
    fail(op, `pads [${pads}] leave a kernel of [${kernel_shape}] with nothing but padding`);
  return [{ dtype: x.dtype, shape: [...x.shape.slice(0, 2), ...spatial] }];
};

/** The shape of a matrix product whose leading axes broadcast. */
export function productShape(op: OpType, a: Value, b: Value): Shape {
  requireRank(op, a, 2, "a");
  requireRank(op, b, 2, "b");
  if (a.shape.at(-1) !== b.shape.at(-2)) {
    fail(op, `inner dimensions differ: ${showShape(a.shape)} × ${showShape(b.shape)}`);
  }
  const batch = broadcast(op, a.shape.slice(0, -2), b.shape.slice(0, -2));
  return [...batch, a.shape.at(-2)!, b.shape.at(-1)!];
}

type Product = "MatMul" | "Gemm" | "Conv" | "ConvTranspose" | "MaxPool" | "AveragePool" | "GlobalAveragePool";

export const product: Family<Product> = {
  MatMul: ([a, b], _, op) => [{ dtype: commonDType(op, [a, b]), shape: productShape(op, a, b) }],
  Gemm: ([a, b, c], { transA, transB }, op) => {
    if (a.shape.length !== 2 || b.shape.length !== 2) {
      fail(op, `takes two matrices, got ${showShape(a.shape)} and ${showShape(b.shape)}`);
    }
    const [rows, left] = transA ? a.shape.toReversed() : a.shape;
    const [right, columns] = transB ? b.shape.toReversed() : b.shape;
    if (left !== right) {
      fail(op, `inner dimensions differ: ${showShape([rows!, left!])} × ${showShape([right!, columns!])}`);
    }
    const shape: Shape = [rows!, columns!];
    if (c !== undefined && showShape(broadcast(op, c.shape, shape)) !== showShape(shape)) {
      fail(op, `bias ${showShape(c.shape)} is larger than the product ${showShape(shape)}`);
    }
    return [{ dtype: commonDType(op, [a, b, c]), shape }];
  },
  Conv: ([x, w, b], attributes, op) => {
    requireRank(op, x, 3);
    const [batch, channels] = x.shape;
    const [out, perGroup] = w.shape;
    if (
      w.shape.length !== x.shape.length ||
      typeof perGroup !== "number" ||
      channels !== perGroup * attributes.group
    ) {
      fail(
        op,
        `weight ${showShape(w.shape)} in ${attributes.group} group(s) does not fit input ${showShape(x.shape)}`,
      );
    }
    requireKernel(op, w, attributes.kernel_shape);
    if (typeof out === "number" && out % attributes.group !== 0)
      fail(op, `${out} output channels do not divide into ${attributes.group} groups`);
    requireBias(op, b, out!);
    return [{ dtype: commonDType(op, [x, w, b]), shape: [batch!, out!, ...slide(op, x, attributes)] }];
  },
  ConvTranspose: ([x, w, b], attributes, op) => {
    const { kernel_shape, strides, pads, dilations, output_padding, group } = attributes;
    requireRank(op, x, 3);
    requireWindow(op, x, attributes);
    const [batch, channels, ...spatial] = x.shape;
    const perGroup = w.shape[1];
    if (w.shape.length !== x.shape.length || w.shape[0] !== channels || typeof perGroup !== "number") {
      fail(op, `weight ${showShape(w.shape)} does not fit input ${showShape(x.shape)}`);
    }
    requireKernel(op, w, kernel_shape);
    requireBias(op, b, perGroup * group);
    const sizes = spatial.map((size, i) => {
      if (typeof size !== "number")
        return fail(op, `needs fixed spatial dimensions, has ${showShape(x.shape)}`);
      if (output_padding[i]! >= Math.max(strides[i]!, dilations[i]!))
        fail(
          op,
          `output_padding [${output_padding}] is not below strides [${strides}] or dilations [${dilations}]`,
        );
      const pad = pads[i]! + pads[i + spatial.length]!;
      const out =
        strides[i]! * (size - 1) + output_padding[i]! + dilations[i]! * (kernel_shape[i]! - 1) + 1 - pad;
      return out > 0 ? out : fail(op, `pads [${pads}] crop all of the output`);
    });
    return [{ dtype: commonDType(op, [x, w, b]), shape: [batch!, perGroup * group, ...sizes] }];
  },
  MaxPool: pool,
  AveragePool: pool,
  GlobalAveragePool: ([x], _, op) => {
    requireRank(op, x, 3);
    return [{ dtype: x.dtype, shape: x.shape.map((dim, i) => (i < 2 ? dim : 1)) }];
  },
};
