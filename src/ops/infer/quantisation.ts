/** Types of quantised numbers: of the shape that they had, with a scale for all or one for each index along an axis. */
import type { DType } from "../../ir/dtype.ts";
import { fail } from "../../ir/error.ts";
import { axisOf, sameShape, showShape } from "../../ir/shape.ts";
import type { Value } from "../../ir/value.ts";
import type { OpType } from "../../ir/vocabulary.ts";
import { productShape } from "./product.ts";
import { commonDType, type Family, requireDType } from "./type.ts";

const bytes: readonly DType[] = ["uint8", "int8"];

/** Throws unless a scale is a scalar, or a vector as long as the axis, and the zero point of the same shape. */
function requireScale(op: OpType, x: Value, scale: Value, zeroPoint: Value | undefined, axis: number): void {
  requireDType(op, scale, ["float32"]);
  if (scale.shape.length > 0) {
    const size = x.shape[axisOf(op, axis, x.shape.length)];
    if (scale.shape.length > 1 || scale.shape[0] !== size)
      fail(op, `scale ${showShape(scale.shape)} does not fit axis ${axis} of ${showShape(x.shape)}`);
  }
  if (zeroPoint !== undefined && !sameShape(scale.shape, zeroPoint.shape))
    fail(op, `scale ${showShape(scale.shape)} and zero point ${showShape(zeroPoint.shape)} differ in shape`);
}

type Quantisation = "QuantizeLinear" | "DequantizeLinear" | "DynamicQuantizeLinear" | "MatMulInteger";

export const quantisation: Family<Quantisation> = {
  QuantizeLinear: ([x, scale, zeroPoint], { axis }, op) => {
    requireDType(op, x, ["float32"]);
    requireDType(op, zeroPoint, bytes);
    requireScale(op, x, scale, zeroPoint, axis);
    return [{ dtype: zeroPoint.dtype, shape: x.shape }];
  },
  DequantizeLinear: ([x, scale, zeroPoint], { axis }, op) => {
    requireDType(op, x, [...bytes, "int32"]);
    commonDType(op, [x, zeroPoint]);
    requireScale(op, x, scale, zeroPoint, axis);
    return [{ dtype: "float32", shape: x.shape }];
  },
  DynamicQuantizeLinear: ([x], _, op) => {
    requireDType(op, x, ["float32"]);
    return [
      { dtype: "uint8", shape: x.shape },
      { dtype: "float32", shape: [] },
      { dtype: "uint8", shape: [] },
    ];
  },
  MatMulInteger: ([a, b, aZeroPoint, bZeroPoint], _, op) => {
    for (const [factor, zeroPoint] of [
      [a, aZeroPoint],
      [b, bZeroPoint],
    ] as const) {
      requireDType(op, factor, bytes);
      commonDType(op, [factor, zeroPoint]);
      if (zeroPoint.shape.length > 0)
        fail(op, `a zero point must be a scalar, is ${showShape(zeroPoint.shape)}`);
    }
    return [{ dtype: "int32", shape: productShape(op, a, b) }];
  },
};
