/** Cotangents of operators that take a part of a tensor: they put the part back among zeros. */
import type { Float } from "../ir/dtype.ts";
import { axisOf, type Shape, staticShape } from "../ir/shape.ts";
import type { Value } from "../ir/value.ts";
import type { Attributes } from "../ir/vocabulary.ts";
import { expand, pad, reshape, scatterElements, slice, transpose, unsqueeze } from "../ops/index.ts";
import { sliceRange } from "../ops/infer/movement.ts";
import { zerosLike } from "./spread.ts";

/** What the `index`th of the concatenated values gets of `dy`. */
export function part(dy: Value<Float>, values: readonly Value[], index: number, axis: number): Value<Float> {
  const at = axisOf("grad of Concat", axis, dy.shape.length);
  const sizes = staticShape(
    "grad of Concat",
    values.map(({ shape }) => shape[at]!),
  );
  const start = sizes.slice(0, index).reduce((sum, size) => sum + size, 0);
  return slice(dy, at, start, start + sizes[index]!);
}

/** `count` zeros before and `after` zeros behind one axis. */
function padAxis(x: Value<Float>, axis: number, before: number, after: number): Value<Float> {
  const rank = x.shape.length;
  return pad(
    x,
    Array.from({ length: 2 * rank }, (_, i) => (i === axis ? before : i === axis + rank ? after : 0)),
  );
}

/** The adjoint of Slice: axis by axis turned forward, spaced out by its step, and padded to its old place. */
export function sliceAdjoint(
  dy: Value<Float>,
  shape: Shape,
  { starts, ends, axes, steps }: Attributes<"Slice">,
): Value<Float> {
  return axes.reduce((dx, at, i) => {
    const axis = axisOf("grad of Slice", at, shape.length);
    const [size] = staticShape("grad of Slice", [shape[axis]!]) as [number];
    const step = steps[i]!;
    const { first, count } = sliceRange(size, starts[i]!, ends[i]!, step);
    const forward = step > 0 ? dx : slice(dx, axis, -1, -count - 1, -1);
    const lowest = step > 0 ? first : first + (count - 1) * step;
    const stride = Math.abs(step);
    const reach = (count - 1) * stride + 1;
    return padAxis(
      stride === 1 ? forward : slice(spaced(forward, axis, stride), axis, 0, reach),
      axis,
      lowest,
      size - lowest - reach,
    );
  }, dy);
}

/** Every element of an axis followed by `stride` − 1 zeros. */
function spaced(x: Value<Float>, axis: number, stride: number): Value<Float> {
  const sizes = staticShape("grad of Slice", x.shape);
  const apart = padAxis(unsqueeze(x, [axis + 1]), axis + 1, 0, stride - 1);
  return reshape(apart, sizes.with(axis, sizes[axis]! * stride));
}

/** The adjoint of Gather: every slice of `dy` added to the slice it came from. */
export function gatherAdjoint(
  dy: Value<Float>,
  shape: Shape,
  indices: Value<"int32" | "int64">,
  axis: number,
): Value<Float> {
  const at = axisOf("grad of Gather", axis, shape.length);
  const sizes = staticShape("grad of Gather", shape);
  const chosen = staticShape("grad of Gather", indices.shape);
  const count = chosen.reduce((a, b) => a * b, 1);
  const [before, behind] = [sizes.slice(0, at), sizes.slice(at + 1)];
  const rest = [...before, ...behind].reduce((a, b) => a * b, 1);
  // The gathered axis first and everything else flat: then one ScatterElements along the rows adds them all.
  const rows = reshape(dy, [...before, count, ...behind]);
  const axes = sizes.map((_, i) => i);
  const front = [at, ...axes.filter((i) => i !== at)];
  const matrix = reshape(transpose(rows, front), [count, rest]);
  const places = expand(reshape(indices, [count, 1]), [count, rest]);
  const sums = scatterElements(zerosLike(dy, [sizes[at]!, rest]), places, matrix, 0, "add");
  return transpose(
    reshape(sums, [sizes[at]!, ...before, ...behind]),
    axes.map((i) => front.indexOf(i)),
  );
}
